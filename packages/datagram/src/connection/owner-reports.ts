import { contentsMessage } from '../base/packet-contents.ts'
import { partType, streamPartEnd } from '../lanes/part-types.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import { FrameGatherer } from './frame-gatherer.ts'
import type { Machines } from './machines.ts'

const gatherer = new FrameGatherer()

/** What the owner of a connection is told, each thing once: frames, what has left, what is stored, the ends. */
export class OwnerReports {
  owner: ConnectionOwner | undefined
  isPaused = true
  /** The peer has said its end. */
  hasPeerEnded = false
  /** The owner knows it. */
  isEndTold = false
  readonly #machines: Machines
  #isGoneTold = false
  #leftTold = 0
  #storedTold = 0

  constructor(machines: Machines) {
    this.#machines = machines
  }

  /** Hands on the frames that are whole, many at once. The owner may end the connection meanwhile, which `isOver` tells. */
  frames(packet: Uint8Array | undefined, connection: { readonly isOver: boolean }): void {
    const { incoming, windows } = this.#machines
    if (incoming.isEmpty) return
    const { owner } = this
    while (owner !== undefined && !this.isPaused && !connection.isOver && incoming.next()) {
      windows.touched(incoming.type < streamPartEnd ? incoming.type - partType.stream : contentsMessage)
      incoming.extend()
      const { bytes, from, to } = incoming
      if (bytes === packet) gatherer.add(bytes, from, to, owner)
      else gatherer.addPassing(bytes, from, to, owner)
    }
    if (owner !== undefined) gatherer.flush(owner)
    incoming.keep()
  }

  /** Something has left that the owner was not told of. */
  get hasLeft(): boolean {
    return this.#machines.sorter.written - this.#machines.waitingBytes > this.#leftTold
  }

  /** Whether all that was written has left, and the owner knows it of all but the last `size` bytes: it hears of these from its call, and from nothing else. */
  hasLeftAtOnce(size: number): boolean {
    const { written } = this.#machines.sorter
    if (written - size !== this.#leftTold || this.#machines.waitingBytes > 0) return false
    this.#leftTold = written
    return true
  }

  /** Tells what has changed. */
  news(): void {
    const { owner } = this
    const { sorter, incoming, waitingBytes } = this.#machines
    const left = sorter.written - waitingBytes
    if (left > this.#leftTold) {
      const size = left - this.#leftTold
      this.#leftTold = left
      owner?.sent(size)
    }
    const stored = incoming.weight
    if (stored !== this.#storedTold) {
      this.#storedTold = stored
      owner?.stored()
    }
    if (this.hasPeerEnded && stored === 0) this.#tellEnded()
  }

  /** The last word. */
  gone(error: Error | undefined): void {
    if (this.#isGoneTold || this.owner === undefined) return
    this.#isGoneTold = true
    if (this.hasPeerEnded && error === undefined) this.#tellEnded()
    this.owner.gone(error)
  }

  #tellEnded(): void {
    if (this.isEndTold || this.owner === undefined) return
    this.isEndTold = true
    this.owner.ended()
  }
}
