import { codeMessageEnd, frameCode, readVarint, varintSizeOf } from '@millrace/wire'
import type { FrameDelivery } from '../lanes/delivery.ts'
import { FrameEnds } from '../lanes/frame-ends.ts'
import type { Outgoing } from '../lanes/outgoing.ts'

/** How to find frames in what is sent, and how each is delivered: `FrameTable` of @millrace/core. */
export interface FrameRules {
  readonly fixedSizes: Int32Array
  readonly bodySizeMax: number
  traits(number: number): { readonly delivery: FrameDelivery; readonly lane: number }
}

/** What a session says about itself is one stream, on the first lane. */
const controlLane = 0

/** Finds the ends of what is written, by the rules at hand: one for all connections, as none keeps it. */
const frameEnds = new FrameEnds(Number.POSITIVE_INFINITY)

function endsBy({ fixedSizes }: FrameRules): FrameEnds {
  frameEnds.fixedSizes = fixedSizes
  return frameEnds
}

/**
 * Hands what a session writes to the deliveries that the contract names. Two things keep their place among all of them: the first frame, which is a hello,
 * arrives before anything else; and a goodbye leaves when all before it has arrived. Without rules everything is one stream.
 */
export class FrameSorter {
  readonly #outgoing: Outgoing
  #rules: FrameRules | undefined
  /** Frames that wait for the first to arrive, whole ones; then undefined. */
  #early: Uint8Array[] | undefined = []
  #last: Uint8Array | undefined
  /** The size of the first frame, or of what was first written without rules. Read only. */
  firstSize = Number.POSITIVE_INFINITY
  /** Bytes that wait here. Read only. */
  heldBytes = 0
  /** Bytes of all frames that were written. Read only. */
  written = 0

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing
  }

  speaks(rules: FrameRules): void {
    this.#rules = rules
  }

  /** Takes whole frames. Returns '', or why they can't be sent. */
  write(bytes: Uint8Array, now: number): string {
    const { length } = bytes
    const ends = this.#rules === undefined ? undefined : endsBy(this.#rules)
    if (this.written === 0) this.firstSize = ends?.read(bytes, 0, length) ?? length
    this.written += length
    if (ends === undefined) return this.#put(bytes, 0, length, 'reliable', controlLane, now)
    // Frames of one stream, one behind the other, are written at once.
    let runFrom = 0
    let runLane = controlLane
    for (let from = 0; from < length; ) {
      const to = ends.read(bytes, from, length)
      if (to <= from || to > length) return 'what was written are no whole frames'
      const { delivery, lane } = this.#traitsOf(bytes, from, ends.bodyStart)
      const isStream =
        delivery === 'reliable' &&
        bytes[from] !== frameCode.close &&
        (this.#early === undefined || lane === controlLane)
      if (!isStream || lane !== runLane) {
        const fault = this.#put(bytes, runFrom, from, 'reliable', runLane, now)
        if (fault !== '') return fault
        runFrom = from
        runLane = lane
      }
      if (!isStream) {
        const fault = this.#single(bytes, from, to, delivery, lane, now)
        if (fault !== '') return fault
        runFrom = to
      }
      from = to
    }
    return this.#put(bytes, runFrom, length, 'reliable', runLane, now)
  }

  /** The first frame has arrived: what waited for it may leave, once. Returns '', or why it can't. */
  begun(now: number): string {
    const early = this.#early
    if (early === undefined) return ''
    this.#early = undefined
    for (const bytes of early) {
      this.heldBytes -= bytes.length
      this.written -= bytes.length
      const fault = this.write(bytes, now)
      if (fault !== '') return fault
    }
    return ''
  }

  /** Lets the goodbye leave once everything before it has arrived. */
  settle(now: number): void {
    const last = this.#last
    if (last === undefined || !this.#isAllHeard()) return
    this.#last = undefined
    this.heldBytes -= last.length
    this.#put(last, 0, last.length, 'reliable', controlLane, now)
  }

  /** Forgets what waits. */
  release(): void {
    this.#early = undefined
    this.#last = undefined
    this.heldBytes = 0
  }

  /** Everything that was written has arrived; or nothing was, not even a first frame. */
  #isAllHeard(): boolean {
    return this.#outgoing.storedBytes === 0 && (this.#early === undefined || this.#early.length === 0)
  }

  #traitsOf(bytes: Uint8Array, from: number, bodyStart: number): { delivery: FrameDelivery; lane: number } {
    const code = bytes[from]
    const rules = this.#rules!
    if (code < codeMessageEnd) return rules.traits(code)
    switch (code) {
      case frameCode.message:
        return rules.traits(readVarint(bytes, bodyStart))
      case frameCode.request:
        return rules.traits(readVarint(bytes, bodyStart + varintSizeOf(bytes[bodyStart])))
      case frameCode.ping:
      case frameCode.pong:
        // A sign of life must not wait behind a message of a megabyte.
        return signOfLife
      default:
        return control
    }
  }

  #single(
    bytes: Uint8Array,
    from: number,
    to: number,
    delivery: FrameDelivery,
    lane: number,
    now: number,
  ): string {
    const isGoodbye = bytes[from] === frameCode.close
    if (isGoodbye && !this.#isAllHeard()) {
      this.#last = bytes.slice(from, to)
      this.heldBytes += to - from
      return ''
    }
    // A peer that is refused hears a goodbye before any hello: that is the first frame then.
    if (this.#early !== undefined && !isGoodbye) {
      this.#early.push(bytes.slice(from, to))
      this.heldBytes += to - from
      return ''
    }
    return this.#put(bytes, from, to, delivery, lane, now)
  }

  #put(
    bytes: Uint8Array,
    from: number,
    to: number,
    delivery: FrameDelivery,
    lane: number,
    now: number,
  ): string {
    if (from === to) return ''
    const answer = this.#outgoing.write(bytes, from, to, delivery, lane, now)
    if (answer === 'queued') return ''
    if (answer === 'exhausted') return 'a lane has carried all the bytes that it can'
    // Too large to be lost, or a message without a number: in that case the stronger delivery.
    return this.#put(bytes, from, to, 'reliable', lane, now)
  }
}

const control = { delivery: 'reliable', lane: controlLane } as const
const signOfLife = { delivery: 'reliableUnordered', lane: controlLane } as const
