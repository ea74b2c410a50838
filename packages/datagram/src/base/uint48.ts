/** The largest whole number in six bytes. */
export const uint48Max = 2 ** 48 - 1

/** The bytes of such a number. */
export const uint48Size = 6

/** Writes a whole number from 0 to `uint48Max`, little-endian, and returns its end. */
export function writeUint48(view: DataView, at: number, value: number): number {
  view.setUint32(at, value % 0x1_0000_0000, true)
  view.setUint16(at + 4, value / 0x1_0000_0000, true)
  return at + uint48Size
}

/** Reads a number whose six bytes are there. */
export function readUint48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * 0x1_0000_0000
}
