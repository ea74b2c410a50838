import { noblePrimitives, type Primitives } from '@millrace/cipher'
import {
  type Address,
  accepting,
  type CancelSignal,
  type DatagramOwner,
  type DatagramSocket,
  type DatagramTransport,
  type Diagnostics,
  type Link,
  type Listener,
  type ListenerOwner,
  MillraceError,
  type Platform,
  type StreamTransport,
  type Transport,
  type TransportPlugin,
} from '@millrace/core'
import { noiseLoader } from '@millrace/core/noise'
import { connectTokens } from '@millrace/core/tokens'
import type { VirtualLoop } from '@millrace/sim'
import { Random, systemError } from '@millrace/sim'
import { FakeLink, type FakeLinkHome } from './fake-link.ts'
import { calmNetwork, type NetworkProfile } from './network-profile.ts'

/** Midnight of 2026-01-01, UTC: when every loop begins. */
const beginning = 1_767_225_600_000

/** A transport of a fake network: one name makes an address. */
export type FakePlugin = TransportPlugin<{ readonly place: string }, [place: string]>

/** How a fake network is made. */
export interface FakeNetworkOptions {
  /** The seed of everything random in it. */
  readonly seed: number
  readonly profile?: Partial<NetworkProfile>
  readonly diagnostics?: Diagnostics
  /** What the platform lends for encryption. Default: noble's. Its random bytes come from the seed. */
  readonly primitives?: Primitives
}

/** Both ends of one stream, for tests that break it. */
export interface FakeConnection {
  readonly opened: FakeLink
  readonly accepted: FakeLink
  /** Cuts the stream at whatever byte it is, with an error or without one. */
  cut(error?: unknown): void
}

/** A network in memory, driven by a virtual loop and a seed: streams and datagrams, delayed, cut, lost and reset. */
export class FakeNetwork implements FakeLinkHome {
  readonly loop: VirtualLoop
  readonly random: Random
  readonly profile: NetworkProfile
  /** All streams so far, oldest first. */
  readonly connections: FakeConnection[] = []
  /** Sees each stream before anything is sent on it. */
  connected: ((connection: FakeConnection) => void) | undefined
  /** Ends what is on the network beside the pipes: called when all is over. */
  readonly strangers: (() => void)[] = []
  /** How owners broke the contract of the port; must stay empty. */
  readonly violations: string[] = []
  /** Errors without a listener. */
  readonly warnings: MillraceError[] = []
  /** Datagrams that were lost or delivered twice. */
  lostCount = 0
  doubledCount = 0
  readonly #listeners = new Map<string, ListenerOwner>()
  readonly #sockets = new Map<string, DatagramOwner>()
  readonly #faults: { readonly where: FaultPlace; readonly error: unknown }[] = []
  /** What pipes on this network run on. */
  readonly platform: Platform
  /** What encryption on this network is made of. */
  readonly primitives: Primitives
  #nextPort = 1

  constructor(loop: VirtualLoop, { seed, profile, diagnostics, primitives }: FakeNetworkOptions) {
    this.loop = loop
    this.random = new Random(seed)
    this.profile = { ...calmNetwork, ...profile }
    this.primitives = primitives ?? noblePrimitives
    this.platform = {
      loop,
      random: (size) => this.random.bytes(size),
      wallMs: () => beginning + loop.now(),
      encryption: noiseLoader({
        primitives: this.primitives,
        random: (size) => this.random.bytes(size),
        tokens: connectTokens,
      }),
      accepting,
      warn: (error) => this.warnings.push(error),
      ...(diagnostics === undefined ? {} : { diagnostics }),
    }
  }

  /** The transport of streams. One argument makes an address: a name. */
  streams(): FakePlugin {
    return this.#plugin(() => this.#streamTransport())
  }

  /** The transport of datagrams. One argument makes an address: a name. */
  datagrams(): FakePlugin {
    return this.#plugin(() => this.#datagramTransport())
  }

  /** The next connect, accept or listen fails like this. */
  fail(where: FaultPlace, error: unknown): void {
    this.#faults.push({ where, error })
  }

  /** Opens a stream without any pipe: for peers that don't speak Millrace. */
  connect(text: string, signal?: CancelSignal): Promise<FakeLink> {
    return new Promise((resolve, reject) => {
      const aborted = () => reject(signal?.reason)
      signal?.addEventListener('abort', aborted, { once: true })
      this.#later(() => {
        signal?.removeEventListener('abort', aborted)
        if (signal?.aborted) return
        const fault = this.#fault('connect')
        if (fault !== undefined) return reject(fault)
        const listener = this.#listeners.get(text)
        if (listener === undefined) return reject(systemError('ECONNREFUSED', `connect ${text}`))
        resolve(this.#connected(text, listener))
      })
    })
  }

  /** Listens without any pipe. */
  listen(text: string, owner: ListenerOwner): Promise<Listener> {
    return new Promise((resolve, reject) => {
      this.#later(() => {
        const fault = this.#fault('listen')
        if (fault !== undefined) return reject(fault)
        if (this.#listeners.has(text)) return reject(systemError('EADDRINUSE', `listen ${text}`))
        this.#listeners.set(text, owner)
        const close = () => new Promise<void>((done) => this.#later(() => this.#unlisten(text, owner, done)))
        resolve({ address: { text }, close })
      })
    })
  }

  /** Opens a socket without any pipe. It is closed when all is over. */
  async datagramSocket(text: string, received: DatagramOwner['received']): Promise<DatagramSocket> {
    const socket = await this.#datagramTransport().socket('bind', { text }, { received, failed() {} })
    this.strangers.push(() => void socket.close())
    return socket
  }

  /** Says what is wrong now that all should be over; empty when nothing is. */
  leftovers(): string[] {
    const found = [...this.violations]
    for (const { opened, accepted } of this.connections) {
      for (const link of [opened, accepted]) {
        if (!link.isGone) found.push(`${link.describe()} is not gone`)
        if (link.heldBatches > 0) found.push(`${link.describe()} holds ${link.heldBatches} batches`)
      }
    }
    for (const text of [...this.#listeners.keys(), ...this.#sockets.keys()])
      found.push(`${text} is still bound`)
    return found
  }

  violated(text: string): void {
    this.violations.push(text)
  }

  #plugin(create: () => Transport): FakePlugin {
    const address = (name: string, place: unknown) => {
      if (typeof place === 'string' && place !== '') return { text: `${name}://${place}` }
      throw new MillraceError('address-invalid', `${name} wants a name; got ${String(place)}`)
    }
    return {
      kind: 'transport',
      addressFields: ['place'],
      address: (name, { place }) => address(name, place),
      parse: address,
      matches: (wanted, bound) => wanted.text === bound.text,
      create,
    }
  }

  #streamTransport(): StreamTransport {
    return {
      carries: 'bytes',
      listen: ({ text }, owner) => this.listen(text, owner),
      connect: ({ text }, signal): Promise<Link> => this.connect(text, signal),
    }
  }

  #connected(text: string, listener: ListenerOwner): FakeLink {
    const [opened, accepted] = FakeLink.pair(this, `${text}#${this.connections.length + 1}`)
    const cut = (error?: unknown) => {
      opened.cut(error)
      accepted.cut(error)
    }
    const connection = { opened, accepted, cut }
    this.connections.push(connection)
    this.connected?.(connection)
    this.#later(() => {
      const fault = this.#fault('accept')
      if (fault === undefined && this.#listeners.get(text) === listener) return listener.accepted(accepted)
      cut(systemError('ECONNRESET', text))
      if (fault !== undefined) listener.failed(fault)
    })
    return opened
  }

  #unlisten(text: string, owner: ListenerOwner, done: () => void): void {
    if (this.#listeners.get(text) === owner) this.#listeners.delete(text)
    done()
  }

  #datagramTransport(): DatagramTransport {
    return {
      carries: 'datagrams',
      socket: (role, address, owner) =>
        new Promise((resolve, reject) => {
          this.#later(() => {
            const own = role === 'bind' ? address : { text: `${address.text}:${this.#nextPort++}` }
            if (this.#sockets.has(own.text)) return reject(systemError('EADDRINUSE', own.text))
            this.#sockets.set(own.text, owner)
            resolve(this.#socket(own))
          })
        }),
    }
  }

  #socket(address: Address): DatagramSocket {
    return {
      address,
      send: (bytes, to) => this.#carry(bytes.slice(), address, to.text),
      close: () =>
        new Promise((resolve) =>
          this.#later(() => {
            this.#sockets.delete(address.text)
            resolve()
          }),
        ),
    }
  }

  #carry(bytes: Uint8Array, from: Address, to: string): void {
    const { loss, duplication } = this.profile
    if (this.random.chance(loss)) {
      this.lostCount++
      return
    }
    const isDoubled = this.random.chance(duplication)
    if (isDoubled) this.doubledCount++
    for (let copies = isDoubled ? 2 : 1; copies > 0; copies--) {
      const copy = bytes.slice()
      this.#later(() => this.#sockets.get(to)?.received(copy, from))
    }
  }

  #fault(where: FaultPlace): unknown {
    const index = this.#faults.findIndex((fault) => fault.where === where)
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0].error
  }

  #later(run: () => void): void {
    const [min, max] = this.profile.delayMs
    this.loop.eventAt(this.loop.now() + this.random.integer(min, max), run)
  }
}

type FaultPlace = 'connect' | 'accept' | 'listen'
