const two32 = 0x1_0000_0000

/** Numbers of 6 bytes end below this one: 2^48. */
export const u48End = 0x1_0000_0000_0000

/** The largest of them. */
export const u48Max = u48End - 1

/** The bytes of such a number on the wire. */
export const u48Size = 6

/** Writes a whole number from 0 below `u48End`, little-endian, and returns its end. */
export function writeU48(view: DataView, at: number, value: number): number {
  view.setUint32(at, value, true)
  view.setUint16(at + 4, value / two32, true)
  return at + u48Size
}

/** Reads such a number. The caller has checked that its 6 bytes are there. */
export function readU48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * two32
}
