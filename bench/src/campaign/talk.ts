import { bits, type Channel, contract, message, type Pipe, ProtoFactory } from 'millrace'
import { bytes, f64, u32 } from 'millrace/schema'
import { benchKey } from '../peers/protection.ts'

/** How long a message may take at most until it counts as lost, in milliseconds. */
const patienceMs = 120_000

const sizeMax = 8192

const numbered = { n: u32, sentAt: f64, body: bytes(sizeMax) }

/** What both sides say: all but `total` with numbers from 0. */
export const talkContract = contract({
  order: message(numbered),
  gift: message(numbered, { delivery: 'reliableUnordered' }),
  step: message(numbered, { delivery: 'sequenced' }),
  spark: message(numbered, { delivery: 'unreliable' }),
  total: message({ order: u32, gift: u32 }, { lane: 1 }),
})

type Numbered = { n: number; sentAt: number; body: Uint8Array }

/** The messages of a campaign. */
export type TalkMessages = {
  readonly order: Numbered
  readonly gift: Numbered
  readonly step: Numbered
  readonly spark: Numbered
  readonly total: { order: number; gift: number }
}

type Key = 'order' | 'gift' | 'step' | 'spark'

/** How many a second. */
const rates: Readonly<Record<Key, number>> = { order: 20, gift: 10, step: 60, spark: 10 }

const keys = Object.keys(rates) as Key[]

/** What the workers of a campaign are told. */
export type TalkOptions = {
  /** Of the network, for what is told. */
  readonly name: string
  readonly host: string
  readonly encryption: 'none' | 'key'
  readonly seed: number
  readonly measureMs: number
}

/** A pipe over udp with time for handshakes, goodbyes and long messages where a round trip takes seconds. Its heartbeat is the default. */
export function talkPipe({ host, encryption }: TalkOptions, port: number): Pipe<TalkMessages> {
  const limits = {
    handshakeTimeoutMs: 30_000,
    closeTimeoutMs: 30_000,
    frameTimeoutMs: 60_000,
    stallTimeoutMs: 60_000,
  }
  const options = encryption === 'key' ? { ...limits, encryption: { key: benchKey } } : limits
  const factory = new ProtoFactory().add('talk', bits(talkContract))
  return factory.create('udp', host, port, 'talk', options) as unknown as Pipe<TalkMessages>
}

/** What a side counted over all its channels. Times are nanoseconds. */
export type TalkCounts = Record<
  'said' | 'heard' | 'lossyHeard' | 'channels' | 'heartbeatEnds' | 'otherEnds' | 'faults',
  number
>

export function noTalk(): TalkCounts {
  return { said: 0, heard: 0, lossyHeard: 0, channels: 0, heartbeatEnds: 0, otherEnds: 0, faults: 0 }
}

/** One side of one channel: says numbered messages at steady rates, and finds out what its peer's suffered. */
export class Talk {
  readonly channel: Channel<TalkMessages>
  readonly #counts: TalkCounts
  readonly #fault: (what: string) => void
  readonly #late: number[]
  readonly #said = { order: 0, gift: 0, step: 0, spark: 0 }
  readonly #next = { order: 0, step: 0 }
  readonly #gifts = new NumberSet()
  readonly #sparks = new NumberSet()
  readonly #total = Promise.withResolvers<void>()
  #owed: TalkMessages['total'] | undefined
  #isFull = false

  /** `late` gets how long each reliable message took, in nanoseconds. */
  constructor(
    channel: Channel<TalkMessages>,
    counts: TalkCounts,
    late: number[],
    fault: (what: string) => void,
  ) {
    this.channel = channel
    this.#counts = counts
    this.#late = late
    this.#fault = fault
    channel.on('order', (heard) => this.#order(heard))
    channel.on('gift', (heard) => this.#once('gift', this.#gifts, heard))
    channel.on('step', (heard) => this.#step(heard))
    channel.on('spark', (heard) => this.#once('spark', this.#sparks, heard))
    channel.on('total', (total) => {
      this.#owed = total
      this.#look()
    })
  }

  /** Everything that the peer said reliably is here. */
  get hasAll(): Promise<void> {
    return this.#total.promise
  }

  /** Says what is due after `elapsedMs`, in a turn of the program. */
  say(elapsedMs: number): void {
    for (const key of keys) {
      const due = Math.floor((elapsedMs / 1000) * rates[key])
      while (this.#said[key] < due && !this.#isFull && this.channel.isOpen) this.#sayOne(key)
    }
  }

  /** Says how much it was, and waits until the peer has said the same and all of it is here. Returns whether it came. */
  async conclude(): Promise<'all' | 'too late' | 'ended'> {
    const { order, gift } = this.#said
    const result = await this.channel.sendWhenReady('total', { order, gift })
    if (result !== 'queued') return 'ended'
    return await this.#awaitAll()
  }

  /** Waits until everything is here. */
  async #awaitAll(): Promise<'all' | 'too late' | 'ended'> {
    let patience: NodeJS.Timeout | undefined
    const outcome = await Promise.race([
      this.hasAll.then(() => 'all' as const),
      new Promise<'ended'>((resolve) => this.channel.on('close', () => resolve('ended'))),
      new Promise<'too late'>((resolve) => {
        patience = setTimeout(() => resolve('too late'), patienceMs)
      }),
    ])
    clearTimeout(patience)
    if (outcome === 'too late')
      this.#fault(
        `of ${JSON.stringify(this.#owed)} came ${this.#next.order} orders and ${this.#gifts.count} gifts`,
      )
    return outcome
  }

  #sayOne(key: Key): void {
    const n = this.#said[key]
    const result = this.channel.send(key, { n, sentAt: machineMs(), body: bodyOf(key, n) })
    // Of those that may be lost, `full` is one way to be.
    if (result === 'queued' || key === 'step' || key === 'spark') this.#said[key]++
    if (result === 'queued') this.#counts.said++
    if (result !== 'full') return
    this.#isFull = true
    void this.channel.drained().then(() => {
      this.#isFull = false
    })
  }

  #order(heard: Numbered): void {
    const { n } = heard
    if (n !== this.#next.order) this.#fault(`order ${n} came in place of ${this.#next.order}`)
    this.#next.order = n + 1
    this.#check('order', heard)
    this.#look()
  }

  #step(heard: Numbered): void {
    const { n } = heard
    if (n < this.#next.step) this.#fault(`step ${n} came behind ${this.#next.step - 1}`)
    this.#next.step = n + 1
    this.#check('step', heard)
  }

  #once(key: 'gift' | 'spark', heardBefore: NumberSet, heard: Numbered): void {
    if (!heardBefore.add(heard.n)) this.#fault(`${key} ${heard.n} came twice`)
    this.#check(key, heard)
    this.#look()
  }

  #check(key: Key, { n, sentAt, body }: Numbered): void {
    const expected = bodyOf(key, n)
    if (Buffer.compare(body, expected) !== 0) this.#fault(`${key} ${n} has another body`)
    if (key === 'order' || key === 'gift') {
      this.#counts.heard++
      this.#late.push((machineMs() - sentAt) * 1e6)
    } else this.#counts.lossyHeard++
  }

  #look(): void {
    const owed = this.#owed
    if (owed === undefined) return
    if (this.#next.order > owed.order || this.#gifts.count > owed.gift)
      this.#fault(`${this.#next.order} orders and ${this.#gifts.count} gifts came of ${JSON.stringify(owed)}`)
    if (this.#next.order >= owed.order && this.#gifts.count >= owed.gift) this.#total.resolve()
  }
}

/** Milliseconds of the machine's clock, the same in all processes. */
function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What a message carries: one in fifty of those that can be long is. */
export function bodyOf(key: Key, n: number): Uint8Array {
  const isLong = n % 50 === 49 && key !== 'spark' && key !== 'step'
  const size = isLong ? 1000 + ((n * 7919) % (sizeMax - 1000)) : (n * 31) % 200
  return new Uint8Array(size).fill((n * 13 + keys.indexOf(key)) & 255)
}

/** Numbers from 0 that come once each, nearly in their order. */
class NumberSet {
  count = 0
  #below = 0
  readonly #above = new Set<number>()

  /** Returns false if it was there. */
  add(n: number): boolean {
    if (n < this.#below || this.#above.has(n)) return false
    this.#above.add(n)
    this.count++
    while (this.#above.delete(this.#below)) this.#below++
    return true
  }
}
