import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'
import { codeControlEnd, codeMessageEnd } from './frame.ts'
import { readVarint, varintSizeOf } from './varint.ts'

/** Why a stream of frames can't be read any further. */
export type FrameViolation = 'frame-too-large'

/** Control frames up to so many bytes are taken however small messages are kept: the protocol itself must fit. */
const controlSizeMax = 4096

/** What a waiting chunk costs beside its bytes: without counting it, a flood of tiny chunks would pass any limit. */
const chunkOverhead = 256

const noBytes = new Uint8Array(0)
const noView = new DataView(noBytes.buffer)

/** The table of a peer that has no message of a fixed size. */
const noFixedSizes = new Int32Array(codeMessageEnd).fill(-1)

/**
 * Cuts a byte stream into frames. Whole frames are shown in place, inside the chunk they came in; only a frame that is
 * cut by the end of a chunk is copied into the receive buffer. Knows no socket, no clock, no message.
 *
 * `receive` stores; `next` moves to the next whole frame and says whether there is one. The frame's body is
 * `bytes[bodyStart, bodyEnd)`, valid until the next call of `next`.
 */
export class FrameDecoder {
  bytes: Uint8Array = noBytes
  view: DataView = noView
  /** What the frame is: its first byte. */
  code = 0
  bodyStart = 0
  bodyEnd = 0
  /** Set once, and for good: the stream has no frame boundaries that could be trusted any more. */
  violation: FrameViolation | undefined
  /** The largest body of a message that is accepted, in bytes. The owner may change it between frames. */
  bodySizeMax: number
  /** By message number, the size of messages that have always the same one: it does not stand in their frames. -1: it does. */
  fixedSizes: Int32Array = noFixedSizes

  #position = 0
  #end = 0
  readonly #pool: BlockPool
  /** A frame that was cut: made on the first cut, so that a quiet channel has none. */
  #cut: ReceiveBuffer | undefined
  #isInCut = false
  #cutTaken = 0
  /** What came after the chunk that `bytes` shows, or that the cut frame is being completed from. */
  #later: Uint8Array[] = []
  #laterSize = 0
  #laterPosition = 0

  constructor(pool: BlockPool, bodySizeMax: number) {
    this.#pool = pool
    this.bodySizeMax = bodySizeMax
  }

  /** Stores a chunk. Its bytes are kept, not copied: they must not change any more. */
  receive(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.violation !== undefined) return
    if (this.#position === this.#end && !this.#isInCut && this.#later.length === 0 && this.#cutSize() === 0) {
      this.#show(chunk, 0)
    } else {
      this.#later.push(chunk)
      this.#laterSize += chunk.length
    }
  }

  /** Bytes that were received and belong to no frame shown so far. */
  get stored(): number {
    const cutSize = this.#isInCut ? this.#cutSize() - this.#cutTaken : this.#cutSize()
    return this.#end - this.#position + cutSize + this.#laterSize - this.#laterPosition
  }

  /** The last chunk is about to be overwritten: copies what is left of it. */
  keep(): void {
    const last = this.#later.length - 1
    // The constructor copies; `slice` of a Node Buffer wouldn't.
    if (last >= 0) this.#later[last] = new Uint8Array(this.#later[last])
    else if (!this.#isInCut && this.#position < this.#end) this.#keepRest()
  }

  /** What the stored bytes cost in memory: each chunk that waits also costs its own overhead. */
  get weight(): number {
    return this.stored + this.#later.length * chunkOverhead
  }

  /** Throws when the numbers contradict each other. For tests. */
  invariants(): void {
    let waiting = 0
    for (const chunk of this.#later) waiting += chunk.length
    const isRight =
      this.#position <= this.#end &&
      this.#end <= this.bytes.length &&
      this.#laterSize === waiting &&
      (this.#laterPosition === 0 || this.#laterPosition < this.#later[0].length) &&
      (!this.#isInCut || this.#cutTaken <= this.#cutSize()) &&
      this.stored >= 0
    if (isRight) return
    const numbers = `read ${this.#position} of ${this.#end}, waiting ${this.#laterSize} of ${waiting}, cut ${this.#cutSize()}`
    throw new Error(`the frame decoder contradicts itself: ${numbers}`)
  }

  /** Lets go of a chunk that was read to its end: a quiet channel holds no memory. */
  rest(): void {
    if (this.#position < this.#end || this.#isInCut || this.bytes === noBytes) return
    this.#position = this.#end = 0
    this.bytes = noBytes
    this.view = noView
  }

  /**
   * Hands over what was received behind the frame that `next` showed last, and forgets it: what follows is no frame, such as the
   * records of a cipher that begins here.
   */
  takeRest(): Uint8Array[] {
    if (this.#isInCut) this.#leaveCut()
    const rest: Uint8Array[] = []
    const cut = this.#cut
    if (cut !== undefined && cut.size > 0) {
      rest.push(cut.bytes.slice(cut.start, cut.end))
      cut.consume(cut.size)
    }
    if (this.#position < this.#end) rest.push(this.bytes.subarray(this.#position, this.#end))
    const [first, ...others] = this.#later
    if (first !== undefined) rest.push(first.subarray(this.#laterPosition), ...others)
    this.#later = []
    this.#position = this.#end = this.#laterSize = this.#laterPosition = 0
    this.bytes = noBytes
    this.view = noView
    return rest
  }

  /** Moves to the next whole frame. False when there is none yet, or after a violation. */
  next(): boolean {
    const start = this.#position
    const end = this.#end
    if (start < end && !this.#isInCut) {
      const { bytes } = this
      const code = bytes[start]
      let bodyStart = start + 1
      let size = code < codeMessageEnd ? this.fixedSizes[code] : -1
      // The usual sizes, of one or two bytes; whatever else there is, and what is cut, goes the slow way.
      if (size < 0 && bodyStart < end) {
        size = bytes[bodyStart++]
        if (size >= 0x80)
          size = size < 0xc0 && bodyStart < end ? ((size & 0x3f) << 8) | bytes[bodyStart++] : -1
      }
      if (size >= 0 && size <= this.bodySizeMax && bodyStart + size <= end) {
        this.code = code
        this.bodyStart = bodyStart
        this.bodyEnd = this.#position = bodyStart + size
        return true
      }
    }
    return this.#nextSlowly()
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    this.#cut?.release()
    this.#cut = undefined
    this.#isInCut = false
    this.#later.length = 0
    this.#position = this.#end = this.#laterSize = this.#laterPosition = 0
    this.bytes = noBytes
    this.view = noView
  }

  #cutSize(): number {
    return this.#cut === undefined ? 0 : this.#cut.size
  }

  /** Copies what is left of the chunk: whole frames to be shown in place, or the beginning of a cut one. */
  #keepRest(): void {
    const frameSize = this.#frameSize(this.bytes, this.#position, this.#end)
    const isWhole = frameSize > 0 && this.#end - this.#position >= frameSize
    if (isWhole) this.#show(this.bytes.slice(this.#position, this.#end), 0)
    else this.#storeCut()
  }

  #nextSlowly(): boolean {
    if (this.violation !== undefined) return false
    if (this.#isInCut) this.#leaveCut()
    for (;;) {
      if (this.#cutSize() > 0) return this.#completeCut()
      const frameSize = this.#frameSize(this.bytes, this.#position, this.#end)
      if (frameSize < 0) return false
      if (frameSize > 0 && this.#end - this.#position >= frameSize) {
        this.#position = this.#showFrame(this.#position, frameSize)
        return true
      }
      if (this.#position < this.#end) this.#storeCut()
      else if (!this.#showLater()) return false
    }
  }

  /** Puts the beginning of a cut frame aside, so that its chunk can go. */
  #storeCut(): void {
    // Its limit is `bodySizeMax`, checked before a byte of the body is stored.
    this.#cut ??= new ReceiveBuffer(this.#pool, { sizeMax: Number.MAX_SAFE_INTEGER })
    this.#cut.append(this.bytes, this.#position, this.#end)
    this.#position = this.#end = 0
    this.bytes = noBytes
    this.view = noView
    this.#laterPosition = 0
  }

  /** Adds to the cut frame exactly what it lacks, then shows it. */
  #completeCut(): boolean {
    const cut = this.#cut!
    for (;;) {
      const frameSize = this.#frameSize(cut.bytes, cut.start, cut.end)
      if (frameSize < 0) return false
      if (frameSize > 0 && cut.size >= frameSize) {
        this.bytes = cut.bytes
        this.view = cut.view
        this.#isInCut = true
        this.#cutTaken = frameSize
        this.#showFrame(cut.start, frameSize)
        return true
      }
      const wanted =
        frameSize > 0 ? frameSize - cut.size : this.#headerSize(cut.bytes, cut.start, cut.end) - cut.size
      const chunk = this.#later[0]
      if (chunk === undefined) return false
      const taken = Math.min(wanted, chunk.length - this.#laterPosition)
      cut.append(chunk, this.#laterPosition, this.#laterPosition + taken)
      this.#laterPosition += taken
      if (this.#laterPosition === chunk.length) {
        this.#later.shift()
        this.#laterSize -= chunk.length
        this.#laterPosition = 0
      }
    }
  }

  /** The cut frame was read: its memory goes back, and reading goes on in the chunk that completed it. */
  #leaveCut(): void {
    this.#cut!.consume(this.#cutTaken)
    this.#isInCut = false
    this.#position = this.#end = 0
    this.bytes = noBytes
    this.view = noView
    if (this.#cutSize() === 0) this.#showLater()
  }

  #showLater(): boolean {
    const chunk = this.#later.shift()
    if (chunk === undefined) return false
    this.#laterSize -= chunk.length
    this.#show(chunk, this.#laterPosition)
    this.#laterPosition = 0
    return true
  }

  #show(chunk: Uint8Array, position: number): void {
    // A plain Uint8Array whatever the platform's own kind is: one hidden class on the whole way of a message.
    this.bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    this.view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#position = position
    this.#end = chunk.length
  }

  #showFrame(start: number, frameSize: number): number {
    this.code = this.bytes[start]
    this.bodyStart = start + this.#headerSize(this.bytes, start, start + frameSize)
    this.bodyEnd = start + frameSize
    return this.bodyEnd
  }

  /** The size of the header that begins at `start`, as far as its first bytes tell. */
  #headerSize(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 1
    if (bytes[start] < codeMessageEnd && this.fixedSizes[bytes[start]] >= 0) return 1
    return end - start < 2 ? 2 : 1 + varintSizeOf(bytes[start + 1])
  }

  /** The size of the frame that begins at `start`, header and body; 0 while its header isn't whole, -1 if too large. */
  #frameSize(bytes: Uint8Array, start: number, end: number): number {
    const header = this.#headerSize(bytes, start, end)
    if (end - start < header) return 0
    const code = bytes[start]
    const size = header === 1 ? this.fixedSizes[code] : readVarint(bytes, start + 1)
    const isControl = code >= codeMessageEnd && code < codeControlEnd
    if (size <= this.bodySizeMax || (isControl && size <= controlSizeMax)) return header + size
    this.violation = 'frame-too-large'
    this.#position = this.#end
    return -1
  }
}
