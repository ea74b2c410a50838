import type { SegmentBatch } from '@millrace/buffer'
import type { Random, VirtualLoop } from '@millrace/sim'
import type { NetworkProfile } from './network-profile.ts'

/** Whom a stream tells; always from an event of the loop. */
export interface ByteStreamOwner {
  /** Bytes came out at the far end. */
  arrived(bytes: Uint8Array): void
  /** All bytes came out, and the sender had ended. Once. */
  finished(): void
  /** A batch has left: it was released already. */
  left(size: number): void
  /** Everything written has left, and the sender had ended. Once. */
  drained(): void
}

/** So many bytes come one by one; what is left of a long stream comes in small pieces. */
const singleBytesMax = 3000

interface Write {
  readonly batch: SegmentBatch
  readonly size: number
  segment: number
  offset: number
}

/** One direction of a link: bytes wait in their batches until there is room on the way, and then arrive in pieces. */
export class ByteStream {
  readonly #loop: VirtualLoop
  readonly #random: Random
  readonly #profile: NetworkProfile
  readonly #owner: ByteStreamOwner
  readonly #writes: Write[] = []
  #way: Uint8Array[] = []
  #waySize = 0
  #isEnding = false
  #hasDrained = false
  #hasFinished = false
  #isOpen = true
  #isReading = false
  #isFrozen = false
  #isMoving = false
  #isArriving = false
  #isDiscarding = false
  readonly #abandoned: SegmentBatch[] = []
  /** All bytes that ever came out. */
  arrivedSize = 0

  constructor(loop: VirtualLoop, random: Random, profile: NetworkProfile, owner: ByteStreamOwner) {
    this.#loop = loop
    this.#random = random
    this.#profile = profile
    this.#owner = owner
  }

  /** Bytes that are on their way, unread. */
  get unreadSize(): number {
    return this.#waySize
  }

  /** Batches that haven't left. */
  get heldBatches(): number {
    return this.#writes.length + this.#abandoned.length
  }

  /** Bytes of those that were written and not abandoned, and in how many segments they are. */
  get held(): { readonly bytes: number; readonly segments: number } {
    let [bytes, segments] = [0, 0]
    for (const write of this.#writes) {
      bytes += write.size
      segments += write.batch.segments.length
    }
    return { bytes, segments }
  }

  write(batch: SegmentBatch): void {
    this.#writes.push({ batch, size: batch.size, segment: 0, offset: 0 })
    this.#move()
  }

  /** Lets all of a batch leave at once, and gives it back, if nothing stands before it and the way has room for it; by chance, not even then. */
  tryWrite(batch: SegmentBatch): boolean {
    const isFree = this.#isOpen && !this.#isMoving && this.#writes.length === 0 && !this.#isDiscarding
    if (!isFree || this.#waySize + batch.size > this.#profile.windowBytes || this.#random.chance(0.5))
      return false
    for (const segment of batch.segments) this.#way.push(segment.slice())
    this.#waySize += batch.size
    batch.release()
    this.#arrive()
    return true
  }

  end(): void {
    this.#isEnding = true
    this.#move()
  }

  /** The far end reads, or doesn't. */
  read(mode: 'on' | 'off'): void {
    this.#isReading = mode === 'on'
    if (this.#isReading) this.#arrive()
    // What was under way when reading stopped may still come.
    else if (this.#waySize > 0 && this.#random.chance(0.3)) this.#arrive('once')
  }

  /** The network itself carries nothing any more, or goes on. */
  freeze(mode: 'on' | 'off'): void {
    this.#isFrozen = mode === 'on'
    this.#arrive()
    this.#move()
  }

  /** Drops what is under way, tells nothing any more, and keeps the batches until `release`. */
  cut(): void {
    this.#isOpen = false
    this.#drop()
  }

  /** The sender is gone: what has left already arrives, and an end after it; the rest is lost. */
  abandon(): void {
    for (const { batch } of this.#writes.splice(0)) this.#abandoned.push(batch)
    this.#isEnding = this.#hasDrained = true
    this.#arrive()
  }

  /** The reader is gone: what comes is thrown away. */
  discard(): void {
    this.#isDiscarding = true
    this.#drop()
    this.#move()
  }

  /** Gives back the batches that never left. */
  release(): void {
    for (const { batch } of this.#writes.splice(0)) batch.release()
    for (const batch of this.#abandoned.splice(0)) batch.release()
  }

  #drop(): void {
    this.#way = []
    this.#waySize = 0
  }

  #delay(): number {
    const [min, max] = this.#profile.delayMs
    return this.#loop.now() + this.#random.integer(min, max)
  }

  #move(): void {
    if (this.#isMoving || !this.#isOpen) return
    const isStuck = this.#waySize >= this.#profile.windowBytes && this.#writes.length > 0
    const hasWork = this.#writes.length > 0 || (this.#isEnding && !this.#hasDrained)
    if (isStuck || !hasWork) return
    this.#isMoving = true
    this.#loop.eventAt(this.#delay(), () => {
      this.#isMoving = false
      if (this.#isOpen) this.#moved()
    })
  }

  #moved(): void {
    const left: number[] = []
    while (this.#writes.length > 0 && this.#waySize < this.#profile.windowBytes) {
      const write = this.#writes[0]
      if (write.segment < write.batch.segments.length) this.#take(write)
      if (this.#isDiscarding) this.#drop()
      if (write.segment < write.batch.segments.length) continue
      this.#writes.shift()
      write.batch.release()
      left.push(write.size)
    }
    this.#arrive()
    for (const size of left) if (this.#isOpen) this.#owner.left(size)
    if (this.#writes.length === 0 && this.#isEnding && !this.#hasDrained && this.#isOpen) {
      this.#hasDrained = true
      this.#arrive()
      this.#owner.drained()
    }
    this.#move()
  }

  #take(write: Write): void {
    const segment = write.batch.segments[write.segment]
    const room = this.#profile.windowBytes - this.#waySize
    const end = Math.min(segment.length, write.offset + room)
    const bytes = segment.slice(write.offset, end)
    this.#way.push(bytes)
    this.#waySize += bytes.length
    write.offset = end
    if (end < segment.length) return
    write.segment++
    write.offset = 0
  }

  #arrive(mode: 'reading' | 'once' = 'reading'): void {
    const isWanted = this.#isReading || mode === 'once'
    if (this.#isArriving || !this.#isOpen || !isWanted || this.#isFrozen || this.#isDiscarding) return
    if (this.#waySize === 0 && !(this.#hasDrained && !this.#hasFinished)) return
    this.#isArriving = true
    this.#loop.eventAt(this.#delay(), () => {
      this.#isArriving = false
      if (this.#isOpen && !this.#isFrozen && !this.#isDiscarding && (this.#isReading || mode === 'once'))
        this.#arrivedNow()
    })
  }

  #arrivedNow(): void {
    if (this.#waySize > 0) {
      const bytes = this.#piece()
      this.arrivedSize += bytes.length
      this.#owner.arrived(bytes)
    } else if (this.#hasDrained && !this.#hasFinished) {
      this.#hasFinished = true
      this.#owner.finished()
    }
    this.#arrive()
    this.#move()
  }

  #piece(): Uint8Array {
    const way = this.#way.length === 1 ? this.#way[0] : concat(this.#way, this.#waySize)
    const size = Math.min(way.length, Math.max(this.#pieceSize(), this.#profile.pieceBytesMin))
    this.#way = size < way.length ? [way.subarray(size)] : []
    this.#waySize -= size
    return way.slice(0, size)
  }

  #pieceSize(): number {
    const { pieces } = this.#profile
    if (pieces === 'bytes') return this.arrivedSize < singleBytesMax ? 1 : this.#random.integer(1, 300)
    if (pieces === 'whole') return Number.POSITIVE_INFINITY
    const kind = this.#random.next()
    if (kind < 0.1) return 1
    return kind < 0.6 ? this.#random.integer(1, 100) : this.#random.integer(1, 65_536)
  }
}

function concat(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
