/**
 * The layout of a frame. The only file that knows its numbers (docs/WIRE.md, section 2).
 *
 *      0        2        4
 *      +--------+--------+----------------------+
 *      | size   | tag    | body: `size` bytes   |        size and tag: u16, little-endian
 *      +--------+--------+----------------------+
 *
 * A size of 0xFFFF says that the true size follows the tag as a u32, so the header is 8 bytes long.
 * A tag holds the kind of the frame in its two high bits, and a number in the fourteen below.
 */

/** Bytes of the usual header. */
export const headerSize = 4

/** Bytes of the header of a frame whose body has 65,535 bytes or more. */
export const longHeaderSize = 8

/** In the size field: the true size follows the tag. */
export const longSizeMark = 0xffff

/** What a frame is: the two high bits of its tag. */
export const frameKind = { message: 0, request: 1, reply: 2, control: 3 } as const

/** The largest number that a tag can hold. */
export const frameNumberMax = 0x3fff

/** The message number that says: the key stands in the body, as one size byte and its UTF-8 bytes. */
export const namedNumber = 0x3fff

/** The most bytes of a key that travels by name. */
export const namedKeySizeMax = 255

/** Numbers of control frames. */
export const controlNumber = {
  hello: 1,
  contract: 2,
  ping: 3,
  pong: 4,
  close: 5,
  fault: 6,
  cipher: 7,
} as const

/** The tag of a frame. */
export function frameTag(kind: number, number: number): number {
  return (kind << 14) | number
}

/** Where a frame is written: an open block of memory. */
export interface FrameTarget {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * Writes the header of a frame whose body already lies at `start + headerSize` up to `bodyEnd`, and returns the end of
 * the frame. A body too large for the short header is moved up by four bytes: `target` must have room for that.
 */
export function finishFrame(target: FrameTarget, start: number, tag: number, bodyEnd: number): number {
  const size = bodyEnd - start - headerSize
  if (size < longSizeMark) {
    target.view.setUint32(start, ((tag << 16) | size) >>> 0, true)
    return bodyEnd
  }
  target.bytes.copyWithin(start + longHeaderSize, start + headerSize, bodyEnd)
  target.view.setUint32(start, ((tag << 16) | longSizeMark) >>> 0, true)
  target.view.setUint32(start + headerSize, size, true)
  return bodyEnd + longHeaderSize - headerSize
}
