import type { Hash } from '../base/primitives.ts'

const NOTHING = new Uint8Array(0)

/**
 * HKDF of the Noise specification, section 4.3, with two outputs: digests from a chaining key and some input. It is HKDF of RFC 5869 with
 * the chaining key as salt and no info. The caller overwrites what it gets when it has served.
 */
export function noiseHkdf2(
  hash: Hash,
  chainingKey: Uint8Array,
  input: Uint8Array,
): readonly [Uint8Array, Uint8Array] {
  const { size } = hash
  const output = hash.hkdf(chainingKey, input, NOTHING, 2 * size)
  return [output.subarray(0, size), output.subarray(size)]
}

/** The same with three outputs. */
export function noiseHkdf3(
  hash: Hash,
  chainingKey: Uint8Array,
  input: Uint8Array,
): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const { size } = hash
  const output = hash.hkdf(chainingKey, input, NOTHING, 3 * size)
  return [output.subarray(0, size), output.subarray(size, 2 * size), output.subarray(2 * size)]
}
