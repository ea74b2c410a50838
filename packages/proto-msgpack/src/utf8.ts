import { NATIVE_SIZE_MIN, readNatively } from './native-text.ts'

const CHUNK_UNITS = 2048

/** UTF-8 size of a text in bytes; -1 when it has half of a surrogate pair, which UTF-8 cannot carry. */
export function textSize(text: string): number {
  const { length } = text
  let size = length
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    size += unit < 0x800 ? 1 : 2
    if (unit < 0xd800 || unit > 0xdfff) continue
    // NaN behind the end.
    const low = text.charCodeAt(++index)
    if (unit > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return -1
  }
  return size
}

/** Writes a text of the size that `textSize` has given, for which there is room. Returns the end offset. */
export function writeText(text: string, bytes: Uint8Array, offset: number): number {
  let at = offset
  for (let index = 0; index < text.length; index++) {
    let unit = text.charCodeAt(index)
    if (unit < 0x80) {
      bytes[at++] = unit
      continue
    }
    if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6)
    } else {
      if (unit >= 0xd800 && unit <= 0xdfff) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (text.charCodeAt(++index) - 0xdc00)
        bytes[at++] = 0xf0 | (unit >> 18)
        bytes[at++] = 0x80 | ((unit >> 12) & 0x3f)
      } else {
        bytes[at++] = 0xe0 | (unit >> 12)
      }
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f)
    }
    bytes[at++] = 0x80 | (unit & 0x3f)
  }
  return at
}

/** Reads UTF-8 strictly: no overlong forms, no surrogates, nothing above U+10FFFF, no replacement characters. */
export class Utf8Reader {
  /** Scratch by length: `String.fromCharCode.apply` is fastest on an array of exactly the right length. */
  readonly #scratch: number[][] = Array.from({ length: NATIVE_SIZE_MIN }, (_, size) =>
    new Array<number>(size).fill(0),
  )

  /** Text of `bytes[start, end)`, which lie inside; undefined when they are not UTF-8. */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    const size = end - start
    if (size >= NATIVE_SIZE_MIN) return readNatively(bytes, start, end) ?? readUtf8(bytes, start, end)
    const units = this.#scratch[size]
    for (let index = 0; index < size; index++) {
      const byte = bytes[start + index]
      if (byte > 0x7f) return readUtf8(bytes, start, end)
      units[index] = byte
    }
    return textOf(units)
  }
}

function textOf(units: number[]): string {
  return String.fromCharCode.apply(undefined, units)
}

function readUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = ''
  let units: number[] = []
  let at = start
  while (at < end) {
    const first = bytes[at]
    if (first < 0x80) {
      units.push(first)
      at += 1
    } else {
      const point = pointAt(bytes, at, end)
      if (point < 0) return undefined
      if (point < 0x10000) units.push(point)
      else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff))
      at += point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    }
    if (units.length > CHUNK_UNITS) {
      text += textOf(units)
      units = []
    }
  }
  return text + textOf(units)
}

/** The code point of the multi-byte sequence at `at`, or -1 (Unicode 15, table 3-7). */
function pointAt(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (lead < 0xc2 || lead > 0xf4 || at + size > end) return -1
  let point = lead & (0x7f >> size)
  for (let index = 1; index < size; index++) {
    const byte = bytes[at + index]
    if ((byte & 0xc0) !== 0x80) return -1
    point = (point << 6) | (byte & 0x3f)
  }
  if (size === 3) return point < 0x800 || (point >= 0xd800 && point <= 0xdfff) ? -1 : point
  if (size === 4) return point < 0x10000 || point > 0x10ffff ? -1 : point
  return point
}
