import { CipherError } from '../base/errors.ts'
import { type Aead, type AeadKey, type AeadName, KEY_SIZE, TAG_SIZE } from '../base/primitives.ts'

const NONCE_SIZE = 12
const U32_MAX = 0xffff_ffff
const NOTHING = new Uint8Array(0)
const ZEROS = new Uint8Array(KEY_SIZE)

/** Of the call at hand: nothing waits in the middle of one. The first four bytes stay zeros. */
const nonce = new Uint8Array(NONCE_SIZE)

/**
 * One key and its counter, of one direction: CipherState of the Noise specification, revision 34, section 5.1. It counts by itself from
 * 0 to 2^64-2 and refuses what comes after; no call sets the counter back. Nothing reads the key, copies the state or writes it
 * down, so that a restart can't repeat a nonce.
 */
export class CipherState {
  /** The cipher, which says how much one key bears. */
  readonly cipher: AeadName
  readonly #aead: Aead
  #key: AeadKey | undefined
  #why = ''
  #high = 0
  #low = 0

  /** Copies `key`, 32 bytes; the caller overwrites its own. Throws for an AEAD that takes no nonces of 12 bytes. */
  constructor(aead: Aead, key: Uint8Array) {
    if (aead.nonceSize !== NONCE_SIZE) {
      throw new CipherError(
        'unsupported',
        `${aead.name} takes nonces of ${aead.nonceSize} bytes; Noise makes 12`,
      )
    }
    this.cipher = aead.name
    this.#aead = aead
    this.#key = aead.key(key)
  }

  /** The counter that comes next. */
  get counter(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }

  /** The upper 32 bits of the counter that comes next. */
  get counterHigh(): number {
    return this.#high
  }

  /** The lower 32 bits of the counter that comes next. */
  get counterLow(): number {
    return this.#low
  }

  /**
   * Encrypts into `into`, which takes `plaintext.length + TAG_SIZE` bytes and may begin where `plaintext` does. The counter moves before
   * the first byte is written, so that not even a call that throws leaves one to be used again.
   */
  seal(ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    const key = this.#living()
    this.#expectCounter()
    this.#write(this.#high, this.#low)
    this.#advance()
    key.seal(nonce, ad, plaintext, into)
  }

  /**
   * Decrypts what the other side sealed next into `into`, which takes `ciphertext.length - TAG_SIZE` bytes and may begin where
   * `ciphertext` does. False when it isn't authentic: then `into` holds no plaintext and the counter hasn't moved.
   */
  open(ad: Uint8Array, ciphertext: Uint8Array, into: Uint8Array): boolean {
    const key = this.#living()
    this.#expectCounter()
    this.#write(this.#high, this.#low)
    if (!key.open(nonce, ad, ciphertext, into)) return false
    this.#advance()
    return true
  }

  /**
   * Decrypts what the other side sealed next, for who reads it at once: answers the plaintext, which lies in `ciphertext` from its first byte on, or
   * in memory that is gone with the next call of this or of `reuse`. Undefined when it isn't authentic: then the counter hasn't moved.
   */
  openLent(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const key = this.#living()
    if (key.openLent === undefined) {
      const plaintext = ciphertext.subarray(0, Math.max(0, ciphertext.length - TAG_SIZE))
      return this.open(ad, ciphertext, plaintext) ? plaintext : undefined
    }
    this.#expectCounter()
    this.#write(this.#high, this.#low)
    const plaintext = key.openLent(nonce, ad, ciphertext)
    if (plaintext !== undefined) this.#advance()
    return plaintext
  }

  /** The plaintext that was lent last has been read. */
  reuse(): void {
    this.#key?.reuse?.()
  }

  /**
   * Decrypts what was sealed under a counter that the message names, for datagrams. The own counter doesn't move: who calls this keeps a
   * replay window and marks it only after `true`. A counter that can't be one is false.
   */
  openAt(
    counterHigh: number,
    counterLow: number,
    ad: Uint8Array,
    ciphertext: Uint8Array,
    into: Uint8Array,
  ): boolean {
    const key = this.#living()
    if (!isCounter(counterHigh, counterLow)) return false
    this.#write(counterHigh, counterLow)
    return key.open(nonce, ad, ciphertext, into)
  }

  /** Leaves out the counters below this one. Only forwards: throws CipherError `option` for one that was used. */
  skipTo(counterHigh: number, counterLow: number): void {
    this.#living()
    const isBehind = counterHigh < this.#high || (counterHigh === this.#high && counterLow < this.#low)
    if (isBehind || counterHigh >>> 0 !== counterHigh || counterLow >>> 0 !== counterLow) {
      throw new CipherError(
        'option',
        `The counter is at ${this.counter} and only goes forwards, to 2^64-1 at most`,
      )
    }
    this.#high = counterHigh
    this.#low = counterLow
  }

  /** The next key by REKEY, section 4.2. The old one is gone; the counter goes on. Both sides do it at the same message. */
  rekey(): void {
    const old = this.#living()
    this.#key = this.#nextKey(old)
    old.wipe()
  }

  /**
   * A state of the key that `rekey` would lead to, counting from 0, to be held ready before the switch. This state stays as it is. For opening alone:
   * two of them that seal would use every nonce twice, so that `SendState` lacks it.
   */
  rekeyed(): CipherState {
    const next = new CipherState(this.#aead, ZEROS)
    next.#key = this.#nextKey(this.#living())
    return next
  }

  /** Ends this state: every further call throws CipherError `used`, with `why`. */
  wipe(why = 'This cipher state was wiped: make a new session'): void {
    this.#key?.wipe()
    this.#key = undefined
    this.#why = why
  }

  #nextKey(old: AeadKey): AeadKey {
    const sealed = new Uint8Array(KEY_SIZE + TAG_SIZE)
    this.#write(U32_MAX, U32_MAX)
    old.seal(nonce, NOTHING, ZEROS, sealed)
    const next = this.#aead.key(sealed.subarray(0, KEY_SIZE))
    sealed.fill(0)
    return next
  }

  #living(): AeadKey {
    if (this.#key === undefined) throw new CipherError('used', this.#why)
    return this.#key
  }

  #expectCounter(): void {
    if (!isCounter(this.#high, this.#low)) {
      throw new CipherError('exhausted', 'All 2^64-1 counters of this key are used: make a new session')
    }
  }

  #advance(): void {
    this.#low = (this.#low + 1) >>> 0
    if (this.#low === 0) this.#high++
  }

  /** Four zeros, then the counter: little-endian for ChaCha20-Poly1305, big-endian for AES-GCM (sections 12.3 and 12.4). */
  #write(high: number, low: number): void {
    if (this.cipher === 'aes-256-gcm') {
      writeBigEndian(nonce, 4, high)
      writeBigEndian(nonce, 8, low)
    } else {
      writeLittleEndian(nonce, 4, low)
      writeLittleEndian(nonce, 8, high)
    }
  }
}

/** The last counter, 2^64-1, belongs to REKEY. */
function isCounter(high: number, low: number): boolean {
  return high >>> 0 === high && low >>> 0 === low && !(high === U32_MAX && low === U32_MAX)
}

function writeLittleEndian(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

function writeBigEndian(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
