/** Text in units of 2 bytes (UTF-16, any units) and of 4 bytes (UTF-32, strict). Knows no schema. */

const char = String.fromCharCode

/** The number of code points of `text`, or -1 when it has a lone surrogate. */
export function pointCount(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    count += 1
    if (unit < 0xd800 || unit > 0xdfff) continue
    if (unit > 0xdbff || i + 1 === text.length) return -1
    const low = text.charCodeAt(++i)
    if (low < 0xdc00 || low > 0xdfff) return -1
  }
  return count
}

/** Writes the units of `text`, 2 bytes each; returns the end. */
export function writeUtf16(view: DataView, at: number, text: string, isLittle: boolean): number {
  for (let i = 0; i < text.length; i++, at += 2) view.setUint16(at, text.charCodeAt(i), isLittle)
  return at
}

/** Writes the code points of well-formed `text`, 4 bytes each; returns the end. */
export function writeUtf32(view: DataView, at: number, text: string, isLittle: boolean): number {
  for (let i = 0; i < text.length; at += 4) {
    const point = text.codePointAt(i) as number
    view.setUint32(at, point, isLittle)
    i += point > 0xffff ? 2 : 1
  }
  return at
}

/** The text of `count` units of 2 bytes. */
export function readUtf16(view: DataView, at: number, count: number, isLittle: boolean): string {
  let text = ''
  const end = at + count * 2
  while (at < end) {
    const units: number[] = []
    for (; at < end && units.length < 500; at += 2) units.push(view.getUint16(at, isLittle))
    text += char.apply(null, units)
  }
  return text
}

/** The text of `count` code points of 4 bytes, or undefined when one of them is none. */
export function readUtf32(view: DataView, at: number, count: number, isLittle: boolean): string | undefined {
  let text = ''
  const end = at + count * 4
  while (at < end) {
    const units: number[] = []
    for (; at < end && units.length < 500; at += 4) {
      const point = view.getUint32(at, isLittle)
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined
      if (point < 0x10000) units.push(point)
      else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff))
    }
    text += char.apply(null, units)
  }
  return text
}
