import { varintMax, varintSize, varintSizeMax, writeVarint } from './varint.ts'

/**
 * The layout of a frame (docs/WIRE.md, section 1).
 *
 *      +------+--------------+-------------------+
 *      | code | size         | body: size bytes  |       code: one byte; size: a varint
 *      +------+--------------+-------------------+
 *
 * A code below 128 is a message of that number. If the contract gives that message a fixed size, no size stands in the frame.
 */

/** Numbers below this one are codes of their own. */
export const codeMessageEnd = 0x80

/** The codes from 128 on. */
export const frameCode = {
  hello: 0x80,
  contract: 0x81,
  ping: 0x82,
  pong: 0x83,
  close: 0x84,
  cipher: 0x85,
  fault: 0x86,
  /** A message with its number in the body. */
  message: 0x90,
  /** A message with its key in the body. */
  namedMessage: 0x91,
  request: 0x92,
  namedRequest: 0x93,
  reply: 0x94,
} as const

/** Codes from `codeMessageEnd` up to this one are control frames. */
export const codeControlEnd = 0x90

/** The most bytes of a header. */
export const headerSizeMax = 1 + varintSizeMax

/** The most messages and replies of a contract. */
export const frameNumberMax = 0x3fff

/** The most bytes of a key that travels by name. */
export const namedKeySizeMax = 255

/** The largest body of any frame, in bytes. */
export const bodySizeLimit = varintMax

/** Where a frame is written: an open block of memory. */
export interface FrameTarget {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** The size of the header of a frame with a body of so many bytes, and with its size in it. */
export function headerSize(bodySize: number): number {
  return 1 + varintSize(bodySize)
}

/**
 * Writes the header of a frame at `start`. Its body already lies in `[bodyStart, bodyEnd)`, where the header was expected to end; if it
 * ends elsewhere, the body is moved by a few bytes, for which there must be room. Returns the end of the frame.
 */
export function finishFrame(
  { bytes }: FrameTarget,
  start: number,
  code: number,
  bodyStart: number,
  bodyEnd: number,
): number {
  const size = bodyEnd - bodyStart
  const at = start + headerSize(size)
  if (at !== bodyStart) bytes.copyWithin(at, bodyStart, bodyEnd)
  bytes[start] = code
  if (size < 0x80) bytes[start + 1] = size
  else writeVarint(bytes, start + 1, size)
  return at + size
}
