import { varintSizeMax, writeVarint } from '@millrace/wire'
import { partType } from './part-types.ts'

/** The most bytes before the piece in a part of type `partType.piece`. */
export const pieceHeaderSizeMax = 2 + 2 * varintSizeMax

/** Writes the beginning of a part with a piece of an unreliable, sequenced or newest frame; `of` is its part type. Returns its end. */
export function writePieceHeader(
  bytes: Uint8Array,
  at: number,
  of: number,
  number: number,
  sequence: number,
): number {
  bytes[at] = partType.piece
  bytes[at + 1] = of
  const next = of === partType.unreliable ? at + 2 : writeVarint(bytes, at + 2, number)
  return writeVarint(bytes, next, sequence)
}
