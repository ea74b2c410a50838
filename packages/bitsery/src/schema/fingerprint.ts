import type { Descriptor } from '../base/grammar.ts'

const PRIME = 0x100000001b3n
const BASIS = 0xcbf29ce484222325n

/**
 * FNV-1a of 64 bits over the descriptor as JSON without blanks, keys in the order of the grammar, as UTF-16 units in
 * two bytes each, low byte first; big-endian schemas have `|big` behind it. 16 hex digits.
 */
export function fingerprintOf(descriptor: Descriptor, byteOrder: 'little' | 'big'): string {
  const text = JSON.stringify(descriptor) + (byteOrder === 'big' ? '|big' : '')
  let hash = BASIS
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit & 0xff)) * PRIME)
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit >> 8)) * PRIME)
  }
  return hash.toString(16).padStart(16, '0')
}
