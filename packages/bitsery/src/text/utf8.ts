import { functionOf } from '../emitters/code.ts'
import { prefixSize } from '../nodes/size-prefix.ts'
import { NATIVE_SIZE_MIN, readNatively } from './native-text.ts'

/** UTF-8 both ways, strict: no overlong forms, no surrogates, nothing above U+10FFFF. Knows no schema. */

const char = String.fromCharCode

/** The size of the UTF-8 form of `text` in bytes, or -1 when it has a lone surrogate. */
export function utf8Size(text: string): number {
  const length = text.length
  let size = length
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) size += 1
    else if (unit < 0xd800 || unit > 0xdfff) size += 2
    else {
      if (unit > 0xdbff || i + 1 === length) return -1
      const low = text.charCodeAt(++i)
      if (low < 0xdc00 || low > 0xdfff) return -1
      size += 2
    }
  }
  return size
}

/** Writes the UTF-8 form of well-formed text at `at`; returns the end. */
export function writeUtf8(bytes: Uint8Array, at: number, text: string): number {
  const length = text.length
  for (let i = 0; i < length; i++) {
    let point = text.charCodeAt(i)
    if (point < 0x80) {
      bytes[at++] = point
    } else if (point < 0x800) {
      bytes[at] = 0xc0 | (point >> 6)
      bytes[at + 1] = 0x80 | (point & 0x3f)
      at += 2
    } else if (point < 0xd800 || point > 0xdfff) {
      bytes[at] = 0xe0 | (point >> 12)
      bytes[at + 1] = 0x80 | ((point >> 6) & 0x3f)
      bytes[at + 2] = 0x80 | (point & 0x3f)
      at += 3
    } else {
      point = 0x10000 + ((point & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff)
      bytes[at] = 0xf0 | (point >> 18)
      bytes[at + 1] = 0x80 | ((point >> 12) & 0x3f)
      bytes[at + 2] = 0x80 | ((point >> 6) & 0x3f)
      bytes[at + 3] = 0x80 | (point & 0x3f)
      at += 4
    }
  }
  return at
}

/**
 * Writes a size prefix and the UTF-8 form of `text` at `at`; returns the end, or -1 when it takes more than `max` bytes or
 * isn't well-formed. Most text is ASCII: its length is its size.
 */
export function writeText(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  text: string,
  max: number,
  isLittle: boolean,
): number {
  const length = text.length
  if (length > max) return -1
  let start = at + 1
  if (length < 0x80) bytes[at] = length
  else start = writePrefix(bytes, view, at, length, isLittle)
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) {
      const size = utf8Size(text)
      if (size < 0 || size > max) return -1
      return writeUtf8(bytes, writePrefix(bytes, view, at, size, isLittle), text)
    }
    bytes[start + i] = unit
  }
  return start + length
}

function writePrefix(bytes: Uint8Array, view: DataView, at: number, size: number, isLittle: boolean): number {
  const width = prefixSize(size)
  if (width === 1) {
    bytes[at] = size
  } else if (width === 2) {
    bytes[at] = 0x80 | (size >> 8)
    bytes[at + 1] = size
  } else {
    bytes[at] = 0xc0 | (size >> 24)
    bytes[at + 1] = size >> 16
    view.setUint16(at + 2, size, isLittle)
  }
  return at + width
}

/** The text that `size` bytes from `at` on hold, or undefined when they aren't UTF-8. */
export function readText(bytes: Uint8Array, at: number, size: number): string | undefined {
  const text = size < NATIVE_SIZE_MIN ? undefined : readNatively(bytes, at, at + size)
  return text ?? readOwnText(bytes, at, size)
}

const UNROLLED_MAX = 24
let unrolled: typeof readText | undefined

/**
 * `readText` as compiled code uses it: a case of its own for each short length. Of the ways to make a short string from bytes,
 * measured from 4 to 64, one call of `fromCharCode` is 2 to 4 times faster than adding characters. Made at first use.
 */
export function unrolledReadText(): typeof readText {
  unrolled ??= functionOf(unrolledBody(), [char, readText]) as typeof readText
  return unrolled
}

function unrolledBody(): string {
  const units = Array.from({ length: UNROLLED_MAX }, (_, i) => `b[i + ${i}]`)
  const cases = units.map((_, last) => {
    const some = units.slice(0, last + 1)
    return `case ${last + 1}: return (${some.join(' | ')}) > 127 ? c1(b, i, n) : c0(${some.join(', ')})`
  })
  // Longer text in pieces; what follows an ASCII piece starts with a whole character.
  return `return function readText(b, i, n) {
switch (n) {
case 0: return ''
${cases.join('\n')}
}
if (n >= ${NATIVE_SIZE_MIN}) return c1(b, i, n)
let text = ''
const end = i + n
for (; end - i > ${UNROLLED_MAX}; i += ${UNROLLED_MAX}) {
if ((${units.join(' | ')}) > 127) break
text += c0(${units.join(', ')})
}
const rest = end - i > ${UNROLLED_MAX} ? c1(b, i, end - i) : readText(b, i, end - i)
return rest === undefined ? undefined : text + rest
}`
}

/**
 * The same without the platform's reader. For bytes that are often no text, too: what the platform refuses takes it an exception, and as long as to
 * read a thousand bytes here.
 */
export function readOwnText(bytes: Uint8Array, at: number, size: number): string | undefined {
  const end = at + size
  let text = ''
  let units: number[] = []
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
    if (units.length > 500) {
      text += char.apply(null, units)
      units = []
    }
  }
  return text + char.apply(null, units)
}

/** The code point of the two to four bytes at `at`, or -1 (Unicode 15, table 3-7). */
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
