/** Whole bytes that don't begin on a whole byte, as bit packing has them. Knows no schema. */

/**
 * Moves the bytes between `p + 1` and `end` down to where `bits` bits (1 to 7) of the byte at `p` are taken, by `carry`; what is left over
 * of the last one is returned: the new carry, which belongs to the byte at `end - 1`.
 */
export function shiftDown(bytes: Uint8Array, p: number, end: number, carry: number, bits: number): number {
  let rest = carry
  for (let at = p + 1; at < end; at++) {
    const byte = bytes[at]
    bytes[at - 1] = rest | (byte << bits)
    rest = byte >> (8 - bits)
  }
  return rest
}

/** Bytes with a view over the same memory. */
export interface Shifted {
  readonly bytes: Uint8Array
  readonly view: DataView
}

const SPARE_SIZE = 4096
const spare = /* @__PURE__ */ shiftedOf(SPARE_SIZE)

function shiftedOf(size: number): Shifted {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer) }
}

/**
 * The `size` bytes that begin with bit `bits` (0 to 7) of the byte at `p`, as whole bytes from index 0 on. Good until the next
 * call. The caller knows that they are there.
 */
export function shifted(bytes: Uint8Array, p: number, bits: number, size: number): Shifted {
  const result = size <= SPARE_SIZE ? spare : shiftedOf(size)
  const to = result.bytes
  if (bits === 0) {
    to.set(bytes.subarray(p, p + size))
    return result
  }
  let low = bytes[p]
  for (let i = 0; i < size; i++) {
    const high = bytes[p + i + 1]
    to[i] = (low >> bits) | (high << (8 - bits))
    low = high
  }
  return result
}

/** The 4 bytes of an integer in the opposite order. */
export function swap32(value: number): number {
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)
}
