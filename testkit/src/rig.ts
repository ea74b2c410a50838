import { BlockPool } from '@millrace/buffer'
import type { Primitives } from '@millrace/cipher'
import {
  type AnyMessages,
  type Channel,
  type CloseReason,
  checkInvariants,
  type Diagnostics,
  local,
  type MillraceError,
  type Pipe,
  type PipeOptions,
  type Protocol,
  ProtoFactory,
  type ProtoFactoryOptions,
} from '@millrace/core'
import { VirtualLoop } from '@millrace/sim'
import type { FakeLink } from './fake-link.ts'
import { FakeNetwork, type FakePlugin } from './fake-network.ts'
import type { NetworkProfile } from './network-profile.ts'
import { plain } from './plain-codec.ts'

/** The transports of a rig: streams, datagrams, and no link at all. */
export interface RigTransports {
  readonly net: FakePlugin
  readonly gram: FakePlugin
  readonly here: ReturnType<typeof local>
}

/** How a rig is set up. */
export interface RigOptions<Messages extends object> {
  /** The seed of the network. Default 1. */
  readonly seed?: number
  readonly network?: Partial<NetworkProfile>
  /** Default: a plain codec with keys by name. */
  readonly protocol?: Protocol<Messages>
  /** For all pipes. Unlike everywhere else, they have no heartbeat unless told. */
  readonly options?: Omit<ProtoFactoryOptions, 'platform' | 'pool'>
  readonly diagnostics?: Diagnostics
  /** What the platform lends for encryption. Default: noble's. */
  readonly primitives?: Primitives
}

/** What a pipe told, in its order. */
export interface PipeDiary<Messages extends object> {
  readonly accepted: Channel<Messages, 'server'>[]
  readonly connected: Channel<Messages, 'client'>[]
  readonly closed: { readonly channel: Channel<Messages>; readonly reason: CloseReason }[]
  readonly errors: MillraceError[]
  destroyCount: number
}

/**
 * One process in a bottle: a virtual loop, a fake network (`net` for streams, `gram` for datagrams, `here` for no
 * link at all), a pool that finds
 * misuse, a factory, and a diary of each pipe's events. `end()` proves that nothing is left of it.
 */
export class Rig<Messages extends object = AnyMessages> {
  readonly loop = new VirtualLoop()
  readonly pool = new BlockPool({ checks: 'on' })
  readonly network: FakeNetwork
  readonly factory: ProtoFactory<{ test: Messages }, RigTransports>
  #protocolCount = 0
  readonly #diaries = new Map<Pipe<Messages>, PipeDiary<Messages>>()
  readonly #open = new Map<Channel<Messages>, FakeLink | undefined>()

  constructor({ seed = 1, network, protocol, options, diagnostics, primitives }: RigOptions<Messages> = {}) {
    this.network = new FakeNetwork(this.loop, {
      seed,
      ...(network === undefined ? {} : { profile: network }),
      ...(diagnostics === undefined ? {} : { diagnostics }),
      ...(primitives === undefined ? {} : { primitives }),
    })
    this.loop.checks.push(() => this.#check())
    const { platform } = this.network
    // Tests that let hours pass would otherwise be tests of the heartbeat.
    const factory = new ProtoFactory({ platform, pool: this.pool, heartbeat: false, ...options })
    const speaks = protocol ?? (plain() as unknown as Protocol<Messages>)
    this.factory = factory
      .add('net', this.network.streams())
      .add('gram', this.network.datagrams())
      .add('here', local())
      .add('test', speaks) as unknown as ProtoFactory<{ test: Messages }, RigTransports>
  }

  /** A pipe of the rig's protocol on the fake network. */
  pipe(place = 'server', options: PipeOptions = {}): Pipe<Messages> {
    return this.watch(this.factory.create('net', place, 'test', options) as unknown as Pipe<Messages>)
  }

  /** A pipe of another protocol on the same network. */
  pipeOf(protocol: Protocol<AnyMessages>, place = 'server', options: PipeOptions = {}): Pipe<Messages> {
    const name = `test ${++this.#protocolCount}`
    const pipe = this.factory.add(name, protocol).create('net', place, name, options)
    return this.watch(pipe as unknown as Pipe<Messages>)
  }

  /** A pipe that reaches others of the same place without any link. */
  local(place = 'lobby', options: PipeOptions = {}): Pipe<Messages> {
    return this.watch(this.factory.create('here', place, 'test', options) as unknown as Pipe<Messages>)
  }

  /** Keeps a diary of a pipe, and destroys it in the end. */
  watch(pipe: Pipe<Messages>): Pipe<Messages> {
    const diary: PipeDiary<Messages> = {
      accepted: [],
      connected: [],
      closed: [],
      errors: [],
      destroyCount: 0,
    }
    this.#diaries.set(pipe, diary)
    return pipe
      .on('accepted', (_pipe, channel) => {
        diary.accepted.push(channel)
        this.#opened(channel)
      })
      .on('connected', (_pipe, channel, _error) => {
        if (channel === undefined) return
        diary.connected.push(channel)
        this.#opened(channel)
      })
      .on('close', (_pipe, channel, reason) => void diary.closed.push({ channel, reason }))
      .on('error', (_pipe, error) => void diary.errors.push(error))
      .on('destroy', () => void diary.destroyCount++)
  }

  /** What a pipe told so far. */
  diary(pipe: Pipe<Messages>): PipeDiary<Messages> {
    const diary = this.#diaries.get(pipe)
    if (diary === undefined) throw new Error(`${pipe.describe()} is not watched`)
    return diary
  }

  /** Waits for a promise while time passes. */
  until<T>(promise: Promise<T>, maxMs?: number): Promise<T> {
    return this.loop.until(promise, maxMs)
  }

  /** Waits for the error of a promise while time passes. */
  async failureOf(promise: Promise<unknown>): Promise<MillraceError> {
    const outcome = promise.then(
      (value) => new Error(`it resolved with ${String(value)}`),
      (error: unknown) => error,
    )
    return (await this.loop.until(outcome)) as MillraceError
  }

  /** After each step: no port's contract was broken, and every channel's own account of itself is sound. */
  #check(): void {
    const { violations } = this.network
    if (violations.length > 0) throw new Error(`a port's contract was broken: ${violations.join('; ')}`)
    for (const [channel, link] of this.#open) {
      if (channel.reason === undefined) checkChannel(channel, link)
      else this.#open.delete(channel)
    }
  }

  /** A channel is open: from now on it is checked, together with the link below it, if there is one. */
  #opened(channel: Channel<Messages>): void {
    const name = channel.describe()
    const links = this.network.connections.flatMap(({ opened, accepted }) => [opened, accepted])
    this.#open.set(
      channel,
      links.find((link) => name.startsWith(`channel ${link.describe()}`)),
    )
  }

  /** Destroys all pipes and throws if anything is left: memory, links, timers, a channel without exactly one end. */
  async end(): Promise<void> {
    for (const pipe of this.#diaries.keys()) pipe.destroy()
    await this.loop.advance(10_000)
    for (const leave of this.network.strangers.splice(0)) leave()
    await this.loop.advance(10_000)
    // Those that are driven by the test tell of their end in a turn.
    for (const pipe of this.#diaries.keys()) pipe.process()
    const left = [
      ...this.network.leftovers(),
      ...[...this.#diaries].flatMap(([pipe, diary]) => faultsOf(pipe, diary)),
    ]
    const blocks = this.pool.outstanding()
    if (blocks.length > 0)
      left.push(`${blocks.length} blocks are out; the first was taken at\n${blocks[0].takenAt}`)
    if (this.loop.timerCount > 0) left.push(`${this.loop.timerCount} timers are waiting`)
    if (this.loop.holdCount > 0) left.push(`${this.loop.holdCount} keep the process alive`)
    if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`)
  }
}

/** What two layers of records add to a segment, and what ends them, if the channel is encrypted. */
const recordRoom = 80
const closeRoom = 200

function checkChannel<Messages extends object>(channel: Channel<Messages>, link: FakeLink | undefined): void {
  checkInvariants(channel)
  const { queuedBytes, queuedMessages, storedBytes, storedMessages } = channel.statistics()
  const counts = [queuedBytes, queuedMessages, storedBytes, storedMessages]
  if (!counts.every((count) => count >= 0)) throw new Error(`a channel counts ${counts.join()}`)
  if (link === undefined) return
  const { bytes, segments } = link.held
  if (bytes > queuedBytes + segments * recordRoom + closeRoom)
    throw new Error(`a channel has ${queuedBytes} bytes queued, but its link holds ${bytes}`)
}

function faultsOf<Messages extends object>(pipe: Pipe<Messages>, diary: PipeDiary<Messages>): string[] {
  const found: string[] = []
  const name = pipe.describe()
  if (diary.destroyCount !== 1) found.push(`${name} told of its destruction ${diary.destroyCount} times`)
  for (const channel of [...diary.accepted, ...diary.connected]) {
    const ends = diary.closed.filter((closed) => closed.channel === channel)
    if (ends.length !== 1) found.push(`${channel.describe()} of ${name} ended ${ends.length} times`)
    else if (ends[0].reason !== channel.reason) found.push(`${channel.describe()} told two reasons`)
  }
  return found
}
