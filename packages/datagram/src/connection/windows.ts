import { laneCountMax, type PacketContents } from '../base/packet-contents.ts'
import { writeU48 } from '../base/u48.ts'
import type { Incoming } from '../lanes/incoming.ts'
import { WindowEnds } from '../lanes/window-ends.ts'
import { partType } from '../packet/part-types.ts'

/** The size of a part that says a window. */
const windowPartSize = 8

/**
 * How much the peer may send on each lane, and as unordered messages: as much as was read, and a window above it. It is told when half of the window
 * has been read, so that a steady stream never waits for it.
 */
export class Windows {
  readonly #incoming: Incoming
  #size: number
  readonly #ends: WindowEnds
  /** Those that may have to be told, a bit each, and those that must. */
  #touched = 0
  #due = 0

  constructor(incoming: Incoming, size: number) {
    this.#incoming = incoming
    this.#size = size
    this.#ends = new WindowEnds(size)
  }

  /** Windows have at least so many bytes from now on: the peer knows of those that it began with, and is told. */
  widen(size: number): void {
    if (size <= this.#size) return
    this.#size = size
    this.#due = 2 ** (laneCountMax + 1) - 1
  }

  /** Something of this lane, or of the unordered messages, was received or read. */
  touched(what: number): void {
    this.#touched |= 1 << what
  }

  /** What was told did not arrive: it is told again, as it is now. */
  lost(what: number): void {
    this.#due |= 1 << what
  }

  /** Whether there is anything to tell. */
  isDue(): boolean {
    for (let left = this.#touched; left !== 0; left &= left - 1) {
      const what = 31 - Math.clz32(left & -left)
      if (this.#incoming.consumed(what) + this.#size - this.#ends.get(what) >= this.#size / 2)
        this.#due |= 1 << what
    }
    this.#touched = 0
    return this.#due !== 0
  }

  /** Writes what is due into `[at, end)`, as much as fits, and returns its end. */
  fill(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
    name: number,
  ): number {
    let position = at
    while (this.#due !== 0 && end - position >= windowPartSize) {
      const what = 31 - Math.clz32(this.#due & -this.#due)
      this.#due &= this.#due - 1
      const windowEnd = this.#incoming.consumed(what) + this.#size
      this.#ends.set(what, windowEnd)
      this.#incoming.setWindowEnd(what, windowEnd)
      bytes[position] = partType.window
      bytes[position + 1] = what
      position = writeU48(view, position + 2, windowEnd)
      contents.push(name, what, windowEnd)
    }
    return position
  }
}
