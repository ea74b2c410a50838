import type { BlockPool } from '@millrace/buffer'
import { laneCountMax } from '../base/packet-contents.ts'
import type { FrameEnds } from './frame-ends.ts'
import { LaneReceiver } from './lane-receiver.ts'
import { laneOf, noLanes, withLane } from './lane-table.ts'

/** The lanes of one connection on their receiving side, each made when its first bytes come; they are read by turns. */
export class IncomingLanes {
  /** The lane of the frame that `next` moved to, and its number. */
  shown: LaneReceiver | undefined
  lane = 0
  /** Set once, and for good, by `next`: what the peer did wrong. '' otherwise. */
  violation = ''
  readonly #pool: BlockPool
  readonly #ends: FrameEnds
  readonly #windowSize: number
  /** By their numbers, up to the highest that has one. */
  #lanes: readonly (LaneReceiver | undefined)[] = noLanes
  /** Lanes that may have a whole frame, a bit each. */
  #ready = 0

  constructor(pool: BlockPool, ends: FrameEnds, windowSize: number) {
    this.#pool = pool
    this.#ends = ends
    this.#windowSize = windowSize
  }

  /** What is stored costs so much memory. */
  get weight(): number {
    let sum = 0
    for (const lane of this.#lanes) if (lane !== undefined) sum += lane.weight
    return sum
  }

  consumed(lane: number): number {
    return laneOf(this.#lanes, lane)?.consumed ?? 0
  }

  setWindowEnd(lane: number, end: number): void {
    this.#of(lane).windowEnd = end
  }

  /** As `LaneReceiver.receive`. */
  receive(lane: number, offset: number, bytes: Uint8Array, from: number, to: number): string {
    const answer = this.#of(lane).receive(offset, bytes, from, to)
    if (answer === '') this.#ready |= 1 << lane
    return answer
  }

  /** Moves to the next frame: of the lane that showed the last one, else of the next lane with a frame. */
  next(): boolean {
    for (; this.#ready !== 0 && this.violation === ''; this.lane = (this.lane + 1) % laneCountMax) {
      const bit = 1 << this.lane
      if ((this.#ready & bit) === 0) continue
      const lane = this.#lanes[this.lane]!
      if (lane.next()) {
        this.shown = lane
        return true
      }
      this.#ready &= ~bit
      this.violation = lane.violation
    }
    return false
  }

  /** The bytes of the packet are about to change: copies what was not shown of them. */
  keep(): void {
    for (let ready = this.#ready; ready !== 0; ready &= ready - 1)
      this.#lanes[31 - Math.clz32(ready & -ready)]!.keep()
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const lane of this.#lanes) lane?.release()
    this.#ready = 0
  }

  #of(lane: number): LaneReceiver {
    let receiver = laneOf(this.#lanes, lane)
    if (receiver === undefined) {
      receiver = new LaneReceiver(this.#pool, this.#ends, this.#windowSize)
      this.#lanes = withLane(this.#lanes, lane, receiver)
    }
    return receiver
  }
}
