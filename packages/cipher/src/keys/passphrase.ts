import { CipherError } from '../base/errors.ts'
import { expectOptions, wholeOption } from '../base/limits.ts'
import { KEY_SIZE, type Primitives } from '../base/primitives.ts'

/**
 * What one guess at a pass phrase costs: `128 · n · r` bytes of memory, and time in proportion to `n · r · p`. At least what OWASP's Password Storage
 * Cheat Sheet has, for r = 8: p = 1 at n = 2^17, 2 at 2^16, 3 at 2^15, 5 at 2^14.
 */
export interface PassphraseCost {
  /** A power of two from 2^14 to 2^22. Default 2^17: 128 MiB, about half a second. */
  readonly n?: number
  /** From 8 to 32. Default 8. */
  readonly r?: number
  /** From 1 to 16. Default 1. */
  readonly p?: number
  /** Says that a cost below the least is meant, as for tests: it makes a key that is guessed sooner. */
  readonly weak?: 'accepted' | undefined
}

/** The least p for an n; from 2^17 on, 1. */
const P_MIN: readonly (readonly [n: number, p: number])[] = [
  [131_072, 1],
  [65_536, 2],
  [32_768, 3],
  [16_384, 5],
]

/** The shortest salt, in bytes. */
export const SALT_SIZE_MIN = 16

/** The shortest pass phrase, in bytes of UTF-8. */
export const PASSPHRASE_SIZE_MIN = 8

const PASSPHRASE_SIZE_MAX = 1024
const MEMORY_MAX = 1_073_741_824

/**
 * A key of 32 bytes from a pass phrase, by scrypt (RFC 7914). Slow on purpose, since people choose what can be guessed: use it
 * once, at the start, and never for each connection. Text is normalised (NFKC) and taken as UTF-8, so that the same phrase gives the same
 * key on every keyboard. Both sides need the same salt and cost; the salt is no secret, but one of its own for each key.
 *
 * A weak phrase stays one: with `NNpsk0`, one recorded first message is enough to try guesses against, offline.
 *
 * Throws `option` for a cost below the least that isn't marked `weak`, or above 1 GiB of memory, `size` for a salt below 16 bytes or a phrase outside 8 to 1,024.
 */
export async function keyFromPassphrase(
  primitives: Primitives,
  passphrase: string | Uint8Array,
  salt: Uint8Array,
  cost: PassphraseCost = {},
): Promise<Uint8Array> {
  expectOptions('the cost', cost, ['n', 'r', 'p', 'weak'])
  const n = wholeOption('the cost n', cost.n ?? 2 ** 17, 2 ** 14, 2 ** 22)
  const r = wholeOption('the cost r', cost.r ?? 8, 8, 32)
  const p = wholeOption('the cost p', cost.p ?? 1, 1, 16)
  if ((n & (n - 1)) !== 0) throw new CipherError('option', `The cost n must be a power of two, not ${n}`)
  if (cost.weak !== undefined && cost.weak !== 'accepted')
    throw new CipherError('option', "weak is 'accepted', or is not given")
  const pMin = P_MIN.find(([least]) => n >= least)![1]
  if (p < pMin && cost.weak === undefined) {
    throw new CipherError(
      'option',
      `The cost n = ${n} with p = ${p} is below the least: p = ${pMin} at this n, or n = 2^17 at p = 1; weak: 'accepted' takes it nevertheless`,
    )
  }
  if (128 * n * r > MEMORY_MAX)
    throw new CipherError(
      'option',
      `This cost takes ${128 * n * r} bytes of memory; ${MEMORY_MAX} are the most`,
    )
  if (!(salt instanceof Uint8Array) || salt.length < SALT_SIZE_MIN)
    throw new CipherError(
      'size',
      `The salt must have at least ${SALT_SIZE_MIN} bytes, random and kept with what it is for`,
    )
  const isText = typeof passphrase === 'string'
  const bytes = isText ? utf8Of(passphrase.normalize('NFKC')) : passphrase
  if (bytes.length < PASSPHRASE_SIZE_MIN || bytes.length > PASSPHRASE_SIZE_MAX) {
    if (isText) bytes.fill(0)
    throw new CipherError(
      'size',
      `A pass phrase must have ${PASSPHRASE_SIZE_MIN} to ${PASSPHRASE_SIZE_MAX} bytes`,
    )
  }
  const key = await primitives.scrypt(bytes, salt, { n, r, p }, KEY_SIZE)
  if (isText) bytes.fill(0)
  return key
}

/** UTF-8, which a package without a platform must write itself. Half a surrogate pair has none, and throws `malformed`. */
function utf8Of(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (code < 0x80) {
      bytes.push(code)
    } else if (code < 0x800) {
      bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    } else if (code < 0x10000) {
      if (code >= 0xd800 && code <= 0xdfff)
        throw new CipherError('malformed', 'The pass phrase has half a surrogate pair')
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    } else {
      bytes.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 63),
        0x80 | ((code >> 6) & 63),
        0x80 | (code & 63),
      )
    }
  }
  return Uint8Array.from(bytes)
}
