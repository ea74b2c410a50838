import { isFloat32, type numberSize } from './value-size.ts'

const TWO_32 = 0x1_0000_0000

/** Writes a number in the shortest form that keeps it; its size was asked for and has room there. */
export function writeNumber(
  value: number,
  size: ReturnType<typeof numberSize>,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    const isShort = isFloat32(value)
    bytes[offset] = isShort ? 0xca : 0xcb
    if (isShort) view.setFloat32(offset + 1, value)
    else view.setFloat64(offset + 1, value)
  } else if (size === 1) {
    bytes[offset] = value
  } else if (size === 2) {
    bytes[offset] = value < 0 ? 0xd0 : 0xcc
    bytes[offset + 1] = value
  } else if (size === 3) {
    bytes[offset] = value < 0 ? 0xd1 : 0xcd
    bytes[offset + 1] = value >> 8
    bytes[offset + 2] = value
  } else if (size === 5) {
    bytes[offset] = value < 0 ? 0xd2 : 0xce
    view.setInt32(offset + 1, value)
  } else {
    bytes[offset] = value < 0 ? 0xd3 : 0xcf
    view.setInt32(offset + 1, Math.floor(value / TWO_32))
    view.setInt32(offset + 5, value)
  }
}
