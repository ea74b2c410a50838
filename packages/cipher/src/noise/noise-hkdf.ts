import type { Hash } from '../base/primitives.ts'

const NOTHING = new Uint8Array(0)

/**
 * HKDF of the Noise specification, section 4.3: two or three digests from a chaining key and some input. It is HKDF of RFC 5869 with
 * the chaining key as salt and no info. The caller overwrites what he gets when it has served.
 */
export function noiseHkdf(
  hash: Hash,
  chainingKey: Uint8Array,
  input: Uint8Array,
  count: 2 | 3,
): readonly Uint8Array[] {
  const { size } = hash
  const output = hash.hkdf(chainingKey, input, NOTHING, count * size)
  return Array.from({ length: count }, (_, index) => output.subarray(index * size, (index + 1) * size))
}
