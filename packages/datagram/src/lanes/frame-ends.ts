import { codeControlEnd, codeMessageEnd, frameCode, readVarint, varintSizeOf } from '@millrace/wire'

/** Control frames up to so many bytes are taken however small messages are kept: the protocol itself must fit. */
const controlSizeMax = 4096

/** `FrameEnds.read`: the header of the frame isn't whole. */
export const headerCut = 0

/** `FrameEnds.read`: the body is larger than `bodySizeMax`. */
export const frameTooLarge = -1

const noFixedSizes = new Int32Array(codeMessageEnd).fill(-1)

/** Finds where a frame of docs/WIRE.md, section 1, ends. Stores nothing but what it found last. */
export class FrameEnds {
  /** By message number below 128, the size of messages that have always the same one; -1 for all others. */
  fixedSizes: Int32Array = noFixedSizes
  /** The largest body that is accepted, in bytes. */
  bodySizeMax: number
  /** Where the body of the frame begins that was read last, if its header was whole. Where it ends is what `read` returned. */
  bodyStart = 0

  /** There are no frames: whatever bytes are there are taken as one. */
  isRaw = false

  constructor(bodySizeMax: number) {
    this.bodySizeMax = bodySizeMax
  }

  /**
   * The end of the frame that begins at `from`, of which the bytes up to `to` are there: behind `to` if it isn't whole. `headerCut` if
   * its header isn't, `frameTooLarge` if its body would be larger than allowed.
   */
  read(bytes: Uint8Array, from: number, to: number): number {
    if (from >= to) return headerCut
    if (this.isRaw) return to
    const code = bytes[from]
    let bodyStart = from + 1
    let size = code < codeMessageEnd ? this.fixedSizes[code] : -1
    if (size < 0) {
      if (bodyStart >= to) return headerCut
      const sizeEnd = bodyStart + varintSizeOf(bytes[bodyStart])
      if (sizeEnd > to) return headerCut
      size = readVarint(bytes, bodyStart)
      bodyStart = sizeEnd
    }
    if (size > this.bodySizeMax && !isSmallControl(code, size)) return frameTooLarge
    this.bodyStart = bodyStart
    return bodyStart + size
  }
}

function isSmallControl(code: number, size: number): boolean {
  return code >= codeMessageEnd && code < codeControlEnd && size <= controlSizeMax
}

/** The number of the message that the whole frame `[from, to)` carries; -1 if it carries none with a number, or another kind of frame. */
export function messageNumber(bytes: Uint8Array, from: number, to: number): number {
  const code = bytes[from]
  if (code < codeMessageEnd) return code
  if (code !== frameCode.message || from + 1 >= to) return -1
  const at = from + 1 + varintSizeOf(bytes[from + 1])
  if (at >= to || at + varintSizeOf(bytes[at]) > to) return -1
  return readVarint(bytes, at)
}
