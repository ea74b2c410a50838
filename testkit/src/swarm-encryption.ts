import { noblePrimitives, type Primitives } from '@millrace/cipher'
import { nodePrimitives } from '@millrace/cipher-node'
import type { AnyMessages, Channel, Pipe, PipeOptions } from '@millrace/core'
import { Random } from '@millrace/sim'
import type { FakeNetwork } from './fake-network.ts'
import { SwarmAsks, type SwarmAsksHost } from './swarm-asks.ts'
import { SwarmKeys } from './swarm-keys.ts'
import { farEndOf, linkOf, type Side } from './swarm-side.ts'
import { meddlings, Wiretap } from './wiretap.ts'

/** What of one run is encrypted, drawn before anything else of it. */
export interface EncryptionDraw {
  readonly random: Random
  readonly primitives: Primitives
  /** Whether the pipes encrypt. */
  readonly pipes: 'sealed' | 'plain'
  /** Whether channels ask for encryption when they are open. */
  readonly channels: 'ask' | 'leave'
  readonly isMeddled: boolean
}

/** What the swarm lends to its encryption. */
export interface SwarmEncryptionHost extends SwarmAsksHost {
  readonly network: FakeNetwork
}

/** What was encrypted in a run. */
export interface EncryptionReport {
  /** Ends of channels of encrypted pipes. */
  readonly sealed: number
  /** Calls of `setEncryption`, and those of them that resolved. */
  readonly asked: number
  readonly granted: number
  /** Streams with bytes that were changed on the way. */
  readonly meddled: number
  /** Those of them after which the far end still waited for bytes that a change made it expect. */
  readonly stuck: number
  /** Streams on which the listener saw messages in clear: it does see them, where there are some. */
  readonly seenInClear: number
}

/** Draws from a generator of its own, so that the rest of the run is what it is without encryption. */
export function drawEncryption(seed: number): EncryptionDraw {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ 0x5ea1)
  const kind = random.next()
  return {
    random,
    primitives: random.chance(0.7) ? nodePrimitives : noblePrimitives,
    pipes: kind < 0.5 ? 'sealed' : 'plain',
    channels: kind >= 0.4 && kind < 0.95 ? 'ask' : 'leave',
    isMeddled: random.chance(0.5),
  }
}

/** A change of bytes on the way from one end of a stream. */
interface Meddled {
  readonly from: string
  /** The number of the first message that was sent after it, which must never be heard. */
  readonly next: number
  /** Its sender had not begun to end: whatever it said in the end must not be heard either. */
  readonly wasOpen: boolean
}

/**
 * The part of the swarm that encrypts: gives keys to pipes, lets channels ask for encryption at any moment, has a man in the middle listen and
 * meddle on the way, and knows what must never come of it.
 */
export class SwarmEncryption {
  readonly #draw: EncryptionDraw
  readonly #host: SwarmEncryptionHost
  readonly #keys: SwarmKeys
  readonly #asks: SwarmAsks
  #acceptor: Pipe<AnyMessages> | undefined
  readonly #unfit = new Set<Pipe<AnyMessages>>()
  readonly #sides: Side[] = []
  /** By the name of their link. */
  readonly #ends = new Map<string, Side>()
  /** By the name of the link that sends. */
  readonly #taps = new Map<string, Wiretap>()
  readonly #meddled: Meddled[] = []
  readonly #faults: string[] = []
  #sealed = 0
  #stuck = 0

  constructor(draw: EncryptionDraw, host: SwarmEncryptionHost) {
    this.#draw = draw
    this.#host = host
    this.#keys = new SwarmKeys(draw.random.fork(), draw.primitives, (ms) => host.sleep(ms))
    this.#asks = new SwarmAsks(draw.random.fork(), host)
    host.network.connected = ({ opened, accepted }) => {
      for (const link of [opened, accepted]) {
        const tap = new Wiretap()
        link.eavesdropper = tap
        this.#taps.set(link.describe(), tap)
      }
    }
    if (draw.isMeddled) host.begin(() => 'meddling', this.#meddle(draw.random.fork()))
  }

  get report(): EncryptionReport {
    return {
      sealed: this.#sealed,
      ...this.#asks.counts,
      meddled: this.#meddled.length,
      stuck: this.#stuck,
      seenInClear: [...this.#taps.values()].filter(({ clearMax }) => clearMax >= 0).length,
    }
  }

  /** Makes a pipe with the options that it needs in this role. */
  equip(role: 'accepting' | 'opening', make: (options: PipeOptions) => Pipe<AnyMessages>): Pipe<AnyMessages> {
    if (this.#draw.pipes === 'plain') return make({})
    if (role === 'accepting') {
      this.#acceptor = make({ encryption: this.#keys.accepting() })
      return this.#acceptor
    }
    const { encryption, isFitting } = this.#keys.opening()
    const pipe = make(encryption === undefined ? {} : { encryption })
    if (!isFitting) this.#unfit.add(pipe)
    return pipe
  }

  /** A channel is open. */
  enter(side: Side, pipe: Pipe<AnyMessages>): void {
    const { channel } = side
    const link = linkOf(channel)
    this.#sides.push(side)
    if (link !== undefined) this.#ends.set(link, side)
    if (this.#draw.pipes === 'sealed') this.#expectKeys(channel, pipe)
    if (link?.includes('opened') && !this.#ends.has(farEndOf(link)))
      this.#faults.push(`${link} is open, and its peer is not`)
    if (this.#draw.channels === 'ask') this.#asks.enter(side)
  }

  /** A message was heard: inside its handler, while more of them may wait. */
  heard(side: Side): void {
    this.#asks.heard(side)
  }

  /** Lets whatever was changed on its way be found out, before all that is left is closed. */
  async rest(): Promise<void> {
    if (this.#meddled.length === 0) return
    await this.#host.sleep(15_000)
    for (const { from } of this.#meddled) if (this.#ends.get(farEndOf(from))?.channel.isOpen) this.#stuck++
  }

  /** What went wrong. `pairs` are the two sides of each channel, as far as they know each other. */
  check(pairs: readonly (readonly [Side, Side])[]): string[] {
    const all = [...pairs, ...this.#linked()]
    const peers = new Map(all.flatMap(([one, two]) => [[one, two] as const, [two, one] as const]))
    return [
      ...this.#faults,
      ...this.#asks.check(all),
      ...all
        .filter(([one, two]) => !this.#asks.isHalf(one, two))
        .flatMap(([one, two]) => bindingFault(one, two)),
      ...this.#heardInClear(),
      ...this.#meddled.flatMap((change) => this.#believed(change)),
      ...this.#sides.flatMap((side) => this.#reasonFault(side, peers.get(side))),
    ]
  }

  /** A channel of an encrypted pipe is open, local or not: it has keys that fit, and was let in. */
  #expectKeys(channel: Channel<AnyMessages>, pipe: Pipe<AnyMessages>): void {
    const { asked, admitted, isAsking } = this.#keys
    const name = channel.describe()
    this.#sealed++
    const mustAsk = asked.has(channel) || (isAsking && pipe === this.#acceptor)
    if (mustAsk && !admitted.has(channel)) this.#faults.push(`${name}, but was not let in`)
    if (this.#unfit.has(pipe)) this.#faults.push(`${name} with other keys than its peer's`)
    if (channel.encryption === undefined) this.#faults.push(`${name}, but is not encrypted`)
  }

  /** Both sides of each stream, where both had a channel. */
  #linked(): [Side, Side][] {
    const found: [Side, Side][] = []
    for (const [link, one] of this.#ends) {
      const two = this.#ends.get(farEndOf(link))
      if (two !== undefined && link.includes('opened')) found.push([one, two])
    }
    return found
  }

  async #meddle(random: Random): Promise<void> {
    for (let count = random.integer(1, 6); count > 0; count--) {
      await this.#host.sleep(random.integer(0, 150))
      const links = [...this.#taps.keys()].filter((link) => this.#isSealed(link))
      if (links.length === 0) continue
      const busy = links.filter((link) => this.#ends.get(link)?.channel.isOpen)
      const from = random.pick(busy.length > 0 && random.chance(0.8) ? busy : links)
      this.#taps.get(from)?.meddle(random.pick(meddlings), random, () => this.#changed(from))
    }
  }

  /** Whether all that comes from here from now on must be sealed, what is under way included. */
  #isSealed(link: string): boolean {
    if (this.#draw.pipes === 'sealed') return true
    const [one, two] = [this.#ends.get(link), this.#ends.get(farEndOf(link))]
    return one !== undefined && two !== undefined && this.#asks.isGranted(one) && this.#asks.isGranted(two)
  }

  #changed(from: string): void {
    this.#host.note('meddled', from)
    const side = this.#ends.get(from)
    this.#meddled.push({
      from,
      next: side?.next ?? 0,
      wasOpen: side !== undefined && !side.isEnding && side.channel.isOpen,
    })
  }

  #heardInClear(): string[] {
    return [...this.#taps].flatMap(([link, { clearMax }]) => {
      const side = this.#ends.get(link)
      const first = this.#draw.pipes === 'sealed' ? 0 : side && this.#asks.firstSealed(side)
      return first !== undefined && clearMax >= first
        ? [`${link} said ${clearMax} in clear, though all from ${first} on must be sealed`]
        : []
    })
  }

  /** What the far end took for true after a change on the way to it. */
  #believed({ from, next, wasOpen }: Meddled): string[] {
    const receiver = this.#ends.get(farEndOf(from))
    if (receiver === undefined) return []
    const faults = receiver.heard
      .filter((n) => n >= next)
      .map((n) => `${from} said ${n} after its bytes were changed, and was heard`)
    const { reason } = receiver.channel
    if (wasOpen && reason?.code === 'closed' && reason.by === 'remote')
      faults.push(`${from} said goodbye after its bytes were changed, and was heard`)
    return faults
  }

  /** Whether a channel ended for a reason that nothing in this run explains. */
  #reasonFault(side: Side, peer: Side | undefined): string[] {
    const { reason } = side.channel
    const name = side.channel.describe()
    if (reason === undefined) return [`${name} has no end`]
    if (reason.code === 'protocol-violation' && !reason.what.includes('a frame took longer')) return [name]
    if (reason.code !== 'encryption-failed') return []
    const link = linkOf(side.channel)
    const isChanged =
      link !== undefined && this.#meddled.some(({ from }) => from === link || from === farEndOf(link))
    return isChanged || this.#asks.mayFail(side, peer, reason.what) ? [] : [`${name} for nothing`]
  }
}

/** Two sides of an encrypted channel that were not of the same handshake. */
function bindingFault({ channel: one }: Side, { channel: two }: Side): string[] {
  const [mine, theirs] = [one.encryption?.handshakeHash, two.encryption?.handshakeHash]
  if (mine === undefined || theirs === undefined || mine.join() === theirs.join()) return []
  return [`${one.describe()} has another handshake than its peer`]
}
