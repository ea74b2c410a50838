import { CipherError } from './errors.ts'
import type { AeadName } from './primitives.ts'

/** How much one key may seal before the sealing side takes the next one. Options can only lower it. */
export interface RekeyLimits {
  /** Records. Default, and most: 2^22 for AES-256-GCM, 2^32 for the ChaCha ciphers. */
  readonly records: number
  /** Bytes of plaintext. Default, and most: 2^36, 64 GiB. */
  readonly bytes: number
  /** Milliseconds from the key's first record on. Default, and most: 600,000, 10 minutes. */
  readonly ageMs: number
}

/** Where a key ends whatever else is due: nothing more is sealed with it, nothing more is accepted. */
export interface KeyStop {
  readonly records: number
  readonly bytes: number
}

/** Key changes of a stream need one record in between, those of datagrams this many milliseconds on the accepting side. */
export const PREVIOUS_KEY_KEEP_MS = 5_000

/** The initiator begins the next key change so long after the last one: later than the responder drops the key before. */
export const PHASE_GAP_MIN_MS = 2 * PREVIOUS_KEY_KEEP_MS

/** So many forged datagrams under one key are worth a warning. */
export const FORGERY_WARNING_COUNT = 1024

/**
 * So many forged datagrams end a session: what was asked for, or the most that its cipher bears by RFC 9001, section 6.6: over all keys, for
 * packets of up to 2^16 bytes of AES-GCM; XChaCha20 has the authenticator of ChaCha20. Throws `option` for more than that.
 */
export function forgeriesMax(cipher: AeadName, wanted?: number): number {
  return atMost('forgeriesMax', wanted, cipher === 'aes-256-gcm' ? 2 ** 52 : 2 ** 36)
}

// AES-GCM loses its margin at 2^23 records of one key (RFC 9001 section 6.6); the ChaCha ciphers don't in practice.
const RECORDS: Readonly<Record<AeadName, number>> = {
  'aes-256-gcm': 2 ** 22,
  'chacha20-poly1305': 2 ** 32,
  'xchacha20-poly1305': 2 ** 32,
}

/** The limits for one cipher: what was asked for, or the most. Throws `option` for more than that, or less than one. */
export function rekeyLimits(cipher: AeadName, wanted: Partial<RekeyLimits> = {}): RekeyLimits {
  expectOptions('rekey', wanted, ['records', 'bytes', 'ageMs'])
  return Object.freeze({
    records: atMost('rekey.records', wanted.records, recordsOf(cipher)),
    bytes: atMost('rekey.bytes', wanted.bytes, 2 ** 36),
    ageMs: atMost('rekey.ageMs', wanted.ageMs, 600_000),
  })
}

/** The hard end of a key: twice what its sealing side may use at most. The same on both sides, whatever their options. */
export function keyStop(cipher: AeadName): KeyStop {
  return { records: 2 * recordsOf(cipher), bytes: 2 ** 37 }
}

/** A whole number of an option, from `min` to `max`; throws `option` for any other. */
export function wholeOption(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new CipherError('option', `${name} must be a whole number from ${min} to ${max}, not ${value}`)
}

/** A time of day in ms since 1970, not always whole; throws `option` for what is none, with which every comparison would be false. */
export function timeOption(name: string, value: number): number {
  if (Number.isFinite(value)) return value
  throw new CipherError('option', `${name} must be a time in ms since 1970, not ${value}`)
}

/** Throws `option` for a name that isn't among those of `what`: a wrong spelling would be ignored. What is undefined was not given. */
export function expectOptions(what: string, options: object, names: readonly string[]): void {
  for (const name in options) {
    if (names.includes(name) || (options as Record<string, unknown>)[name] === undefined) continue
    throw new CipherError('option', `${what} has no option '${name}'; there are ${names.join(', ')}`)
  }
}

function recordsOf(cipher: AeadName): number {
  const records = RECORDS[cipher]
  if (records === undefined) throw new CipherError('name', `No limits are known for a cipher '${cipher}'`)
  return records
}

function atMost(name: string, value: number | undefined, max: number): number {
  return value === undefined ? max : wholeOption(name, value, 1, max)
}
