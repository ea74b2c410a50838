import { noBytes } from '../base/no-bytes.ts'
import type { HeldFrames } from './held-frames.ts'

/** Type, sequence, beginning and end of a frame. */
const placeStride = 4
const noPlaces: number[] = []

/** Whole frames as they lie in the packet that came last, and were not shown yet. */
export class PacketFrames {
  bytes: Uint8Array = noBytes
  /** The frame that `next` moved to: what part brought it, and where it lies. */
  type = 0
  from = 0
  to = 0
  /** Grows to what the fullest packet needs. Those not shown are in `[#at, #end)`. */
  #places = noPlaces
  #at = 0
  #end = 0

  /** Bytes of what was not shown. */
  get size(): number {
    let size = 0
    for (let at = this.#at; at < this.#end; at += placeStride)
      size += this.#places[at + 3] - this.#places[at + 2]
    return size
  }

  /** The packet that frames are added of from now on. Those of the last one are gone, or held. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes
  }

  add(type: number, sequence: number, from: number, to: number): void {
    // One frame is the rule: an array that grows by itself would take room for four at once.
    if (this.#places === noPlaces) this.#places = [0, 0, 0, 0]
    const places = this.#places
    const at = this.#end
    places[at] = type
    places[at + 1] = sequence
    places[at + 2] = from
    places[at + 3] = to
    this.#end = at + placeStride
  }

  /** Moves to the next frame. False when there is none. */
  next(): boolean {
    const places = this.#places
    const at = this.#at
    if (at === this.#end) return false
    this.type = places[at]
    this.from = places[at + 2]
    this.to = places[at + 3]
    this.#at = at + placeStride
    return true
  }

  /** Moves copies of all of them to where they may wait. */
  moveTo(held: HeldFrames): void {
    const places = this.#places
    for (let at = this.#at; at < this.#end; at += placeStride)
      held.hold(places[at], places[at + 1], this.bytes, places[at + 2], places[at + 3])
    this.clear()
  }

  clear(): void {
    this.#at = this.#end = 0
  }
}
