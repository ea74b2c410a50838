import { int64, uint64 } from './integer64.ts'

const widths = Uint8Array.of(4, 8, 1, 2, 4, 8, 1, 2, 4, 8)

/** Bytes of the number behind a head from 0xca to 0xd3. */
export function numberWidth(head: number): number {
  return widths[head - 0xca]
}

/** What stands behind a head as a key of a `Map`: text, another scalar, or what can't be a key. */
export function keyKind(head: number): 'text' | 'scalar' | 'none' {
  if ((head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb)) return 'text'
  const isNumber = head < 0x80 || head >= 0xe0 || (head >= 0xca && head <= 0xd3)
  return isNumber || (head >= 0xc0 && head <= 0xc3) ? 'scalar' : 'none'
}

/** Reads the number behind such a head, which is all there. */
export function readNumber(head: number, bytes: Uint8Array, view: DataView, from: number): number | bigint {
  // What games send most needs no look at the others.
  if (head === 0xcb) return view.getFloat64(from)
  switch (head) {
    case 0xca:
      return view.getFloat32(from)
    case 0xcc:
      return bytes[from]
    case 0xcd:
      return (bytes[from] << 8) | bytes[from + 1]
    case 0xce:
      return view.getUint32(from)
    case 0xcf:
      return uint64(view, from)
    case 0xd0:
      return (bytes[from] << 24) >> 24
    case 0xd1:
      return ((bytes[from] << 24) >> 16) | bytes[from + 1]
    case 0xd2:
      return view.getInt32(from)
    default:
      return int64(view, from)
  }
}
