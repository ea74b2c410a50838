import { controlNumber, type FrameTarget, finishFrame, frameKind, frameTag, headerSize } from './frame.ts'
import { readText, shortTextSizeMax, writeText } from './short-text.ts'

/** Why a side closes, as the other side is told. The numbers on the wire are the positions in this list. */
export const goodbyeCodes = [
  'closed',
  'channel-limit',
  'protocol-mismatch',
  'contract-mismatch',
  'protocol-violation',
  'overflow',
  'shutting-down',
  'timeout',
  'encryption-failed',
] as const

/** Why a side closes. */
export type GoodbyeCode = (typeof goodbyeCodes)[number]

/** The last frame of an orderly end: a stream that ends without one was cut. */
export interface Goodbye {
  readonly code: GoodbyeCode
  /** For people; at most 255 bytes of UTF-8. */
  readonly text: string
}

/** The room that a goodbye needs at most, header included. */
export const goodbyeRoom = headerSize + 2 + shortTextSizeMax

/** Writes a goodbye at `start` and returns its end. */
export function writeGoodbye(target: FrameTarget, start: number, goodbye: Goodbye): number {
  target.bytes[start + headerSize] = goodbyeCodes.indexOf(goodbye.code)
  const end = writeText(target, start + headerSize + 1, goodbye.text)
  return finishFrame(target, start, frameTag(frameKind.control, controlNumber.close), end)
}

/** Reads the body of a goodbye. A code of a later version reads as `closed`; broken bytes read as undefined. */
export function readGoodbye(view: DataView, start: number, end: number): Goodbye | undefined {
  if (start >= end) return undefined
  const text = readText(view, start + 1, end)
  if (text === undefined) return undefined
  return { code: goodbyeCodes[view.getUint8(start)] ?? 'closed', text }
}
