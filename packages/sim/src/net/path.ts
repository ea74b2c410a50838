import type { Random } from '../base/random.ts'
import type { TraceHash } from '../base/trace-hash.ts'
import type { Scheduler } from '../time/scheduler.ts'
import type { Conditions, Span } from './conditions.ts'
import { corrupted, type Packet, sizeOf, traced } from './packet.ts'

/** What a path did so far, in packets unless it says otherwise. */
export interface PathStatistics {
  /** Given to it, and their bytes, headers included. */
  readonly sent: number
  readonly sentBytes: number
  /** Came out at the far end. */
  readonly arrived: number
  /** Bytes that will: now on their way. */
  readonly underWayBytes: number
  /** Lost by chance, alone or in a burst. */
  readonly lost: number
  /** Lost since it was cut, since a queue was full, since they were larger than the path's MTU. */
  readonly cut: number
  readonly overflowed: number
  readonly tooLarge: number
  readonly duplicated: number
  readonly reordered: number
  readonly corrupted: number
  readonly replayed: number
  /** How often it was clogged. */
  readonly clogged: number
}

/** What paths count: one for each, or one for several. */
export type PathCounts = { -readonly [Name in keyof PathStatistics]: PathStatistics[Name] }

export function noCounts(): PathCounts {
  return {
    sent: 0,
    sentBytes: 0,
    arrived: 0,
    underWayBytes: 0,
    lost: 0,
    cut: 0,
    overflowed: 0,
    tooLarge: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    replayed: 0,
    clogged: 0,
  }
}

/** What a path is made of. */
export interface PathParts {
  readonly time: Scheduler
  readonly random: Random
  readonly conditions: Conditions
  /** Sees all that is carried; `mark` stands for the path in it. */
  readonly trace?: TraceHash
  readonly mark?: number
  /** Shared by paths that are counted together. Default: its own. */
  readonly counts?: PathCounts
  /** What is on its way on all paths of these counts: more is dropped as if a queue were full. Default: any. */
  readonly underWayBytesMax?: number
}

const fate = { arrives: 1, lost: 2, cut: 3, overflowed: 4, tooLarge: 5, again: 6 } as const

/** What may come again: so many packets, and so much later. */
const keptMax = 16
const replayMs: Span = [0, 10_000]

/** One direction between two hosts: what becomes of a packet is drawn when it is sent. */
export class Path {
  conditions: Conditions
  /** Nothing gets through any more. What is under way still arrives. */
  isCut = false
  /** Packets that are on their way. */
  underWay = 0
  readonly #time: Scheduler
  readonly #random: Random
  readonly #trace: TraceHash | undefined
  readonly #mark: number
  readonly #arrive: (packet: Packet) => void
  readonly #kept: Packet[] = []
  #isInBurst = false
  #burstUntil = 0
  /** When the last packet will have been put on the wire. */
  #freeAt = 0
  #lastAt = 0
  #clogUntil = 0
  readonly #counts: PathCounts
  readonly #underWayBytesMax: number

  constructor(parts: PathParts, arrive: (packet: Packet) => void) {
    this.#time = parts.time
    this.#random = parts.random
    this.#trace = parts.trace
    this.#mark = parts.mark ?? 0
    this.conditions = parts.conditions
    this.#counts = parts.counts ?? noCounts()
    this.#underWayBytesMax = parts.underWayBytesMax ?? Number.POSITIVE_INFINITY
    this.#arrive = arrive
  }

  /** What it did so far. */
  statistics(): PathStatistics {
    return { ...this.#counts }
  }

  /** Nothing comes out for so long; then all at once. */
  clog(ms: number): void {
    this.#counts.clogged++
    this.#clogUntil = Math.max(this.#clogUntil, this.#time.now() + ms)
  }

  /** What is sent from now on is held up no more. */
  unclog(): void {
    this.#clogUntil = 0
  }

  /** A packet begins its way at `now`. `cut`: one of the hosts is cut off from all. */
  carry(packet: Packet, now: number, way: 'open' | 'cut'): void {
    const size = sizeOf(packet)
    this.#counts.sent++
    this.#counts.sentBytes += size
    const doom = this.#doom(size, now, way)
    this.#note(packet, doom ?? fate.arrives, now)
    if (doom !== undefined) return
    const { conditions } = this
    let sound: Packet | undefined = packet
    if (this.#happens(conditions.corruption)) {
      this.#counts.corrupted++
      sound = corrupted(packet, this.#random)
    }
    const leftAt = this.#leaves(size, now)
    if (sound !== undefined) {
      this.#send(sound, leftAt)
      if (this.#happens(conditions.duplication)) {
        this.#counts.duplicated++
        this.#send(sound, leftAt)
      }
    }
    if (conditions.replay > 0) this.#replay(packet, leftAt)
  }

  /** Why a packet never arrives, or undefined. */
  #doom(size: number, now: number, way: 'open' | 'cut'): number | undefined {
    const { conditions } = this
    const counts = this.#counts
    if (this.isCut || way === 'cut') {
      counts.cut++
      return fate.cut
    }
    if (size > conditions.mtuBytes) {
      counts.tooLarge++
      return fate.tooLarge
    }
    const isFull = counts.underWayBytes + size > this.#underWayBytesMax
    if (isFull || this.#waiting(now) + size > conditions.queueBytes) {
      counts.overflowed++
      return fate.overflowed
    }
    if (this.#happens(this.#lossAt(now))) {
      counts.lost++
      // It was on the wire all the same.
      this.#leaves(size, now)
      return fate.lost
    }
    return undefined
  }

  /** Bytes that wait to be put on the wire. */
  #waiting(now: number): number {
    const { bytesPerSecond } = this.conditions
    return bytesPerSecond === Number.POSITIVE_INFINITY
      ? 0
      : (Math.max(0, this.#freeAt - now) * bytesPerSecond) / 1000
  }

  /** When a packet has left the near end. */
  #leaves(size: number, now: number): number {
    this.#freeAt = Math.max(this.#freeAt, now) + (size * 1000) / this.conditions.bytesPerSecond
    return this.#freeAt
  }

  #lossAt(now: number): number {
    const { loss, bursts } = this.conditions
    // It ends with the conditions that brought it.
    if (bursts.chance === 0) this.#isInBurst = false
    if (this.#isInBurst) this.#isInBurst = now < this.#burstUntil && !this.#happens(1 / bursts.packets)
    else if (this.#happens(bursts.chance)) {
      this.#isInBurst = true
      this.#burstUntil = now + bursts.msMax
    }
    return this.#isInBurst ? Math.max(loss, bursts.loss) : loss
  }

  #send(packet: Packet, leftAt: number): void {
    const { reorder, reorderMs, clogs } = this.conditions
    const ownAt = leftAt + this.#delay()
    if (this.#happens(clogs.chance)) this.clog(spanned(clogs.ms, this.#random.next()))
    let at = Math.max(ownAt, this.#clogUntil)
    if (this.#happens(reorder)) {
      this.#counts.reordered++
      at = Math.max(at, this.#lastAt) + spanned(reorderMs, this.#random.next())
    } else {
      at = Math.max(at, this.#lastAt)
      this.#lastAt = at
    }
    this.#bring(packet, at)
  }

  #replay(packet: Packet, now: number): void {
    this.#kept.push(packet)
    if (this.#kept.length > keptMax) this.#kept.shift()
    if (!this.#happens(this.conditions.replay)) return
    this.#counts.replayed++
    const old = this.#random.pick(this.#kept)
    const at = now + this.#delay() + spanned(replayMs, this.#random.next())
    this.#note(old, fate.again, now)
    this.#bring(old, at)
  }

  #bring(packet: Packet, at: number): void {
    const size = sizeOf(packet)
    this.underWay++
    this.#counts.underWayBytes += size
    this.#time.at(at, () => {
      this.underWay--
      this.#counts.underWayBytes -= size
      this.#arrived(packet)
    })
  }

  #arrived(packet: Packet): void {
    this.#counts.arrived++
    this.#trace?.number(this.#mark)
    this.#trace?.time(this.#time.now())
    this.#arrive(packet)
  }

  #note(packet: Packet, what: number, now: number): void {
    const trace = this.#trace
    if (trace === undefined) return
    trace.number(this.#mark)
    trace.number(what)
    trace.time(now)
    traced(packet, trace)
  }

  /** What never happens draws no number. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability
  }

  #delay(): number {
    const { delayMs, jitter } = this.conditions
    const [min, max] = delayMs
    if (min === max) return min
    // Nothing but sums, products and roots: they are exact by IEEE 754, and so the same everywhere.
    const drawn = this.#random.next()
    if (jitter === 'even') return min + (max - min) * drawn
    if (jitter === 'bell')
      return min + ((max - min) * (drawn + this.#random.next() + this.#random.next())) / 3
    const beyond = Math.min(90, 1 / Math.sqrt(1 - drawn) - 1)
    return min + ((max - min) * beyond) / 9
  }
}

function spanned([min, max]: Span, share: number): number {
  return min + (max - min) * share
}
