import type { FrameTarget } from './frame.ts'

/** The most bytes of a short text. */
export const shortTextSizeMax = 255

/**
 * Writes a text as one size byte and its UTF-8 bytes, and returns its end. What goes beyond 255 bytes is cut off at a
 * whole character: these texts are names and explanations for people, never data.
 */
export function writeText(target: FrameTarget, start: number, text: string): number {
  const { bytes } = target
  let at = start + 1
  for (const character of text) {
    const code = character.codePointAt(0)!
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (at + size > start + 1 + shortTextSizeMax) break
    if (size === 1) {
      bytes[at] = code
    } else {
      for (let index = size - 1, rest = code; index > 0; index--, rest >>= 6)
        bytes[at + index] = 0x80 | (rest & 0x3f)
      bytes[at] = ((0xf00 >> size) & 0xff) | (code >> (6 * (size - 1)))
    }
    at += size
  }
  bytes[start] = at - start - 1
  return at
}

/** The size of a text in UTF-8, in bytes. A lone surrogate counts as the three bytes that its code takes. */
export function textSize(text: string): number {
  let size = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return size
}

/** Reads what `writeText` wrote; undefined when the bytes aren't whole or aren't UTF-8. */
export function readText(view: DataView, start: number, end: number): string | undefined {
  if (start >= end) return undefined
  const last = start + 1 + view.getUint8(start)
  if (last > end) return undefined
  let text = ''
  for (let at = start + 1; at < last; ) {
    const first = view.getUint8(at)
    const size =
      first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    if (size === 0 || at + size > last) return undefined
    let code = size === 1 ? first : first & (0x7f >> size)
    for (let index = 1; index < size; index++) {
      const next = view.getUint8(at + index)
      if ((next & 0xc0) !== 0x80) return undefined
      code = (code << 6) | (next & 0x3f)
    }
    if (size === 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return undefined
    if (size === 4 && (code < 0x10000 || code > 0x10ffff)) return undefined
    text += String.fromCodePoint(code)
    at += size
  }
  return text
}

/** The number of bytes that a text written at `start` takes, its size byte included. */
export function writtenTextSize(view: DataView, start: number): number {
  return 1 + view.getUint8(start)
}
