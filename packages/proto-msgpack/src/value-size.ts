/** Bytes of a number in its shortest form that keeps it exactly: integers as integers, -0 and the rest as floats. */
export function numberSize(value: number): 1 | 2 | 3 | 5 | 9 {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return isFloat32(value) ? 5 : 9
  if (value >= 0) {
    if (value < 0x80) return 1
    if (value < 0x100) return 2
    if (value < 0x1_0000) return 3
    return value < 0x1_0000_0000 ? 5 : 9
  }
  if (value >= -0x20) return 1
  if (value >= -0x80) return 2
  if (value >= -0x8000) return 3
  return value >= -0x8000_0000 ? 5 : 9
}

/** True when four bytes hold the float exactly; NaN is NaN in either size. */
export function isFloat32(value: number): boolean {
  return Math.fround(value) === value || Number.isNaN(value)
}

/** Head bytes of a text of so many UTF-8 bytes. */
export function textHeadSize(size: number): 1 | 2 | 3 | 5 {
  return size < 0x20 ? 1 : binaryHeadSize(size)
}

/** Head bytes of binary data. */
export function binaryHeadSize(size: number): 2 | 3 | 5 {
  if (size < 0x100) return 2
  return size < 0x1_0000 ? 3 : 5
}

/** Head bytes of an array or map of so many elements or pairs. */
export function countHeadSize(count: number): 1 | 3 | 5 {
  if (count < 0x10) return 1
  return count < 0x1_0000 ? 3 : 5
}

/** Whether the head of an extension says its size. */
export function isFixedExtension(size: number): boolean {
  return size === 1 || size === 2 || size === 4 || size === 8 || size === 16
}

/** Head bytes of an extension, type included. */
export function extensionHeadSize(size: number): 2 | 3 | 4 | 6 {
  return isFixedExtension(size) ? 2 : ((binaryHeadSize(size) + 1) as 3 | 4 | 6)
}

/** Bytes of the size or count that follows a head from 0xc4 to 0xc9 or 0xd9 to 0xdf. */
export function sizeWidth(head: number): 1 | 2 | 4 {
  if (head <= 0xc9) return head === 0xc4 || head === 0xc7 ? 1 : head === 0xc5 || head === 0xc8 ? 2 : 4
  if (head === 0xd9) return 1
  return head === 0xda || head === 0xdc || head === 0xde ? 2 : 4
}
