/** Writes 16 hexadecimal digits as 8 bytes, in the order of the digits. */
export function writeHex64(view: DataView, at: number, digits: string): void {
  view.setUint32(at, Number.parseInt(digits.slice(0, 8), 16), false)
  view.setUint32(at + 4, Number.parseInt(digits.slice(8, 16), 16), false)
}

/** Reads 8 bytes as 16 hexadecimal digits. */
export function hex64(view: DataView, at: number): string {
  return hex32(view.getUint32(at, false)) + hex32(view.getUint32(at + 4, false))
}

function hex32(word: number): string {
  return word.toString(16).padStart(8, '0')
}
