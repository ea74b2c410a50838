import { laneCountMax } from '../base/packet-contents.ts'

/**
 * What the parts of a packet that carry frames begin with, and the layout of what follows. `varint` is that of docs/WIRE.md, section 1;
 * u48 and u16 are little-endian. A frame ends where its header says, so no size stands before a whole one.
 *
 *     10 … 1f  stream of a lane, 0 to 15     offset u48, size varint, bytes
 *     20       unordered message             id varint, frame
 *     21       piece of one                  id varint, piece
 *     22       unreliable message            frame
 *     23       sequenced message             sequence u16, frame
 *     24       newest value                  sequence varint, frame
 *     25       piece of one of those three   its type u8, number varint (not of an unreliable one), sequence varint, piece
 *
 *     piece                                  size of the whole frame varint, offset varint, size varint, bytes
 */
export const partType = {
  stream: 0x10,
  message: 0x20,
  messagePiece: 0x21,
  unreliable: 0x22,
  sequenced: 0x23,
  newest: 0x24,
  piece: 0x25,
} as const

/** Part types from `partType.stream` up to this one belong to lanes; all of this folder are below `framePartEnd`. */
export const streamPartEnd = partType.stream + laneCountMax

/** The end of the types of parts that carry frames. */
export const framePartEnd = 0x26

/** Ids of unordered messages and sequences of newest values: 30 bits on the wire, compared by subtraction. */
export const sequenceMask = 0x3fff_ffff

/** Sequences of sequenced messages: 16 bits on the wire, compared by subtraction. */
export const sequencedMask = 0xffff

/** The most unordered messages, from the oldest that is not acknowledged on, that may be on their way. */
export const messageWindow = 1024

/** The largest frame, in bytes, of an unreliable, sequenced or newest message. */
export const lossyFrameSizeMax = 256 * 1024
