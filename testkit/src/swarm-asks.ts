import type { EncryptionAlgorithm, MillraceError } from '@millrace/core'
import type { Random, VirtualLoop } from '@millrace/sim'
import { drawAlgorithm } from './swarm-keys.ts'
import type { Side } from './swarm-side.ts'

/** What asking needs of the swarm. */
export interface SwarmAsksHost {
  readonly loop: VirtualLoop
  note(...words: unknown[]): void
  begin(what: () => string, work: Promise<unknown>): void
  sleep(ms: number): Promise<void>
  end(side: Side, random: Random): Promise<void>
}

/** The first call of `setEncryption` on one side that an open channel took. */
interface Ask {
  readonly key: Uint8Array
  readonly algorithm: EncryptionAlgorithm
  /** The number of the first message after it. */
  readonly next: number
  state: 'asked' | 'granted' | 'refused'
}

/** When a side asks. */
type Moment = 'never' | 'at once' | 'soon' | 'later' | 'heard' | 'closing'

/** Runs in which sides mostly find each other, and those in which anything goes. */
const moods: readonly { readonly moments: readonly Moment[]; readonly isWild: boolean }[] = [
  { moments: ['at once', 'soon', 'soon', 'heard', 'heard'], isWild: false },
  { moments: ['never', 'at once', 'soon', 'later', 'heard', 'closing'], isWild: true },
]

/** The time for a handshake, then the time to close, then for the link to go. */
const settledWithinMs = 8000

/** Has channels ask for encryption at any moment: one side, both, neither; with the same keys and with others; twice, and too late. */
export class SwarmAsks {
  readonly #random: Random
  readonly #host: SwarmAsksHost
  readonly #key: Uint8Array
  readonly #algorithm: EncryptionAlgorithm
  readonly #mood: (typeof moods)[number]
  readonly #asks = new Map<Side, Ask>()
  /** Who asks when so many messages were heard. */
  readonly #waiting = new Map<Side, { readonly count: number; readonly random: Random }>()
  readonly #faults: string[] = []
  #askCount = 0
  #settledCount = 0

  constructor(random: Random, host: SwarmAsksHost) {
    this.#random = random
    this.#host = host
    this.#key = random.bytes(32)
    this.#algorithm = drawAlgorithm(random)
    this.#mood = random.pick(moods)
  }

  get counts(): { readonly asked: number; readonly granted: number } {
    const granted = [...this.#asks.values()].filter(({ state }) => state === 'granted').length
    return { asked: this.#askCount, granted }
  }

  /** A channel is open: draws when it asks. */
  enter(side: Side): void {
    const random = this.#random.fork()
    const moment = random.pick(this.#mood.moments)
    if (moment === 'never') return
    if (moment === 'at once') return this.#ask(side, random)
    if (moment === 'heard') {
      this.#waiting.set(side, { count: random.integer(1, 12), random })
      return
    }
    this.#host.begin(() => `about to ask on ${side.channel.describe()}`, this.#askLater(side, random, moment))
  }

  /** A message was heard. */
  heard(side: Side): void {
    const waiting = this.#waiting.get(side)
    if (waiting === undefined || side.heard.length < waiting.count) return
    this.#waiting.delete(side)
    this.#ask(side, waiting.random)
  }

  /** Whether this side was told that both directions are sealed. */
  isGranted(side: Side): boolean {
    return this.#asks.get(side)?.state === 'granted'
  }

  /** Whether one side was told that both directions are sealed, or may be about to be, and the other was not. */
  isHalf(one: Side, two: Side): boolean {
    const isAsked = this.#asks.has(one) && this.#asks.has(two)
    return isAsked && !(this.isGranted(one) && this.isGranted(two))
  }

  /** The number of the first message that must not be in clear. */
  firstSealed(side: Side): number | undefined {
    return this.#asks.get(side)?.next
  }

  /** Whether these two may have failed for this: they did not say the same, or not in time, such as behind a reader who is behind. */
  mayFail(one: Side, two: Side | undefined, what: string): boolean {
    const isLate = / within \d+ ms| is lost$/.test(what)
    const isAsked = this.#asks.has(one) || (two !== undefined && this.#asks.has(two))
    return isAsked && (isLate || !this.#agree(one, two))
  }

  /** What went wrong. */
  check(pairs: readonly (readonly [Side, Side])[]): string[] {
    const faults = [...this.#faults]
    if (this.#settledCount !== this.#askCount)
      faults.push(`${this.#askCount - this.#settledCount} calls of setEncryption never settled`)
    for (const [one, two] of pairs) {
      if ((this.isGranted(one) || this.isGranted(two)) && !this.#agree(one, two))
        faults.push(`${one.channel.describe()} was encrypted, though its sides said different things`)
    }
    return faults
  }

  #agree(one: Side, two: Side | undefined): boolean {
    const [mine, theirs] = [this.#asks.get(one), two && this.#asks.get(two)]
    if (mine === undefined || theirs === undefined) return false
    return mine.key === theirs.key && mine.algorithm === theirs.algorithm
  }

  async #askLater(side: Side, random: Random, moment: Moment): Promise<void> {
    await this.#host.sleep(random.integer(0, moment === 'soon' ? 40 : 500))
    const ended = moment === 'closing' ? this.#host.end(side, random) : undefined
    this.#ask(side, random)
    await ended
  }

  #ask(side: Side, random: Random): void {
    const { channel } = side
    const { isWild } = this.#mood
    const key = isWild && random.chance(0.1) ? random.bytes(32) : this.#key
    const algorithm = isWild && random.chance(0.05) ? drawAlgorithm(random, this.#algorithm) : this.#algorithm
    const isFirst = channel.isOpen && !this.#asks.has(side)
    const ask: Ask = { key, algorithm, next: side.next, state: 'asked' }
    if (isFirst) this.#asks.set(side, ask)
    this.#watch(side, ask, channel.setEncryption(key, algorithm), isFirst ? 'first' : 'refused')
    if (random.chance(0.1)) this.#host.begin(() => 'asking twice', this.#askLater(side, random, 'soon'))
    // It holds back what is sent now.
    if (random.chance(isWild ? 0.15 : 0.03)) void this.#host.end(side, random)
  }

  /** Sees to it that a call settles, in time, and as it must. */
  #watch(side: Side, ask: Ask, asked: Promise<void>, expected: 'first' | 'refused'): void {
    const { channel } = side
    const host = this.#host
    const startedAt = host.loop.now()
    this.#askCount++
    const settled = (outcome: string): void => {
      this.#settledCount++
      host.note('encryption', outcome, side.next)
      if (host.loop.now() - startedAt > settledWithinMs)
        this.#faults.push(`${channel.describe()} took ${host.loop.now() - startedAt} ms to say '${outcome}'`)
    }
    const granted = (): void => {
      ask.state = 'granted'
      settled('granted')
      if (expected === 'refused') this.#faults.push(`${channel.describe()} was encrypted twice, or too late`)
      if (channel.encryption === undefined) this.#faults.push(`${channel.describe()} says it is encrypted`)
    }
    const refused = ({ code, message }: MillraceError): void => {
      ask.state = 'refused'
      settled(code)
      const codes =
        expected === 'first' ? ['encryption-failed', 'channel-closed'] : ['already-open', 'channel-closed']
      if (!codes.includes(code)) this.#faults.push(`setEncryption was refused: ${code} ${message}`)
    }
    host.begin(() => `encrypting ${channel.describe()}`, asked.then(granted, refused))
  }
}
