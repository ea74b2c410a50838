import { type FrameTarget, finishFrame, frameCode, headerSizeMax } from './frame.ts'
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
  'not-admitted',
  'message-rate',
] as const

/** Why a side closes. */
export type GoodbyeCode = (typeof goodbyeCodes)[number]

/** The last frame of an orderly end: a stream that ends without one was cut. */
export interface Goodbye {
  readonly code: GoodbyeCode
  /** What the program says, as a number of its own from 1 to 65,535; 0: nothing. */
  readonly appCode: number
  /** For people; at most 255 bytes of UTF-8. */
  readonly text: string
}

/** The largest number of the program's in a goodbye. */
export const appCodeMax = 0xffff

/** The room that a goodbye needs at most, header included. */
export const goodbyeRoom = headerSizeMax + 4 + shortTextSizeMax

/** Writes a goodbye at `start` and returns its end. */
export function writeGoodbye(target: FrameTarget, start: number, goodbye: Goodbye): number {
  const bodyStart = start + headerSizeMax
  target.bytes[bodyStart] = goodbyeCodes.indexOf(goodbye.code)
  target.view.setUint16(bodyStart + 1, goodbye.appCode, true)
  const end = writeText(target, bodyStart + 3, goodbye.text)
  return finishFrame(target, start, frameCode.close, bodyStart, end)
}

/** Reads the body of a goodbye. A code of a later version reads as `closed`; broken bytes read as undefined. */
export function readGoodbye(view: DataView, start: number, end: number): Goodbye | undefined {
  if (end - start < 4) return undefined
  const text = readText(view, start + 3, end)
  if (text === undefined) return undefined
  const code = goodbyeCodes[view.getUint8(start)] ?? 'closed'
  return { code, appCode: view.getUint16(start + 1, true), text }
}
