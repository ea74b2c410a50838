import { CipherError } from '../base/errors.ts'
import {
  expectOptions,
  type KeyStop,
  keyStop,
  type RekeyLimits,
  rekeyLimits,
  wholeOption,
} from '../base/limits.ts'
import { TAG_SIZE } from '../base/primitives.ts'
import type { SendState } from '../noise/handshake-state.ts'
import {
  CLOSE_CODE,
  CONTROL_SIZE,
  NO_BYTES,
  RECORD_HEADER_SIZE,
  RECORD_OVERHEAD,
  RECORD_SIZE_MAX,
  REKEY_CODE,
} from './record.ts'
import { claim } from './record-claim.ts'

/** Where records are written: Millrace's `SegmentBuffer` is one. */
export interface RecordTarget {
  /** The memory at hand; changes with `reserve`. */
  readonly bytes: Uint8Array
  /** Position in `bytes` from which on `size` bytes in one piece may be written. */
  reserve(size: number): number
  /** Everything up to `end` is content now. */
  commit(end: number): void
}

/** How a sealer cuts and when it changes its key. */
export interface RecordSealerOptions {
  /**
   * The largest record it makes, header and tag included, in bytes. From 1,024 to 65,535, which is the default: a call of the cipher has a price
   * whatever its size, and 64-byte messages cost a quarter less in records of 64 KiB than of 16. Smaller ones can be read sooner.
   */
  readonly recordSizeMax?: number | undefined
  /** When the next key is taken. Can only be lowered. */
  readonly rekey?: Partial<RekeyLimits> | undefined
}

/**
 * Seals one direction of a stream: bytes in, records out, one AEAD call each. It takes the next key when one
 * has done its share: the record that says so is the last one of the old key, so that both sides change at the same byte whatever their
 * options and clocks are. Knows no clock: `now` is in ms and must not run backwards.
 *
 * Any error thrown by `append`, `rekey` or `close` other than `size`, `closed` and `exhausted` ends it: a nonce was used for nothing, and
 * the other side counts too.
 */
export class RecordSealer {
  /** The largest plaintext of one record, in bytes. */
  readonly payloadSizeMax: number
  readonly #key: SendState
  readonly #limits: RekeyLimits
  readonly #stop: KeyStop
  #state: 'open' | 'closed' | 'failed' = 'open'
  /** Of the current key: data records, their bytes, and when the first one was made. */
  #keyRecords = 0
  #keyBytes = 0
  #keySince = 0
  #rekeys = 0

  /** Takes the sending state of a handshake for good: throws `used` if it was taken before. */
  constructor(key: SendState, options: RecordSealerOptions = {}) {
    expectOptions('RecordSealer', options, ['recordSizeMax', 'rekey'])
    const recordSizeMax = options.recordSizeMax ?? RECORD_SIZE_MAX
    this.payloadSizeMax = wholeOption('recordSizeMax', recordSizeMax, 1024, RECORD_SIZE_MAX) - RECORD_OVERHEAD
    this.#limits = rekeyLimits(key.cipher, options.rekey)
    this.#stop = keyStop(key.cipher)
    claim(key)
    this.#key = key
  }

  /** Whether it seals: not after `close`, nor after a failure. */
  get state(): 'open' | 'closed' | 'failed' {
    return this.#state
  }

  /** How often it took the next key. */
  get rekeyCount(): number {
    return this.#rekeys
  }

  /** The most bytes that `append` writes for so many bytes of plaintext. */
  room(size: number): number {
    return size + Math.ceil(size / this.payloadSizeMax) * (RECORD_OVERHEAD + CONTROL_SIZE)
  }

  /**
   * Seals all of `source`, in as many records as it takes, and changes the key in front of any of them when that is due. `source` stays the
   * caller's, is only read, and must not be the target's memory. An empty one writes nothing.
   */
  append(source: Uint8Array, target: RecordTarget, now: number): void {
    const size = source.length
    for (let from = 0; from < size; ) {
      if (this.isRekeyDue(now)) this.rekey(target)
      const to = Math.min(size, from + this.payloadSizeMax)
      const at = target.reserve(to - from + RECORD_OVERHEAD)
      target.commit(this.seal(source, from, to, target.bytes, at, now))
      from = to
    }
  }

  /**
   * Seals `source[from, to)`, 1 to `payloadSizeMax` bytes, as one record into `into` from `at` on, and answers where it ends:
   * `RECORD_OVERHEAD` (18) bytes more than the plaintext takes. In place if `into` is `source` and `at` is `from - 2`; otherwise the two must
   * not overlap. Does not change the key: ask `isRekeyDue` first, or use `append`. Throws `exhausted` at the hard end of the key.
   */
  seal(source: Uint8Array, from: number, to: number, into: Uint8Array, at: number, now: number): number {
    const size = to - from
    const end = at + size + RECORD_OVERHEAD
    if (!(size >= 1 && size <= this.payloadSizeMax && from >= 0 && to <= source.length))
      throw badSource(from, to, this.payloadSizeMax)
    const start = at + RECORD_HEADER_SIZE
    checkTarget(source, from, to, into, at, end)
    this.#mayGoOn()
    if (this.#keyRecords >= this.#stop.records || this.#keyBytes + size > this.#stop.bytes)
      throw new CipherError('exhausted', 'This key has sealed all it may: rekey before more is sealed')
    const plaintext = from === 0 && to === source.length ? source : source.subarray(from, to)
    this.#sealNext(NO_BYTES, plaintext, into.subarray(start, end))
    const ciphertextSize = size + TAG_SIZE
    into[at] = ciphertextSize
    into[at + 1] = ciphertextSize >>> 8
    if (this.#keyRecords === 0) this.#keySince = now
    this.#keyRecords++
    this.#keyBytes += size
    return end
  }

  /** Whether the next record should have the next key. */
  isRekeyDue(now: number): boolean {
    return (
      this.#keyRecords > 0 &&
      (this.#keyRecords >= this.#limits.records ||
        this.#keyBytes >= this.#limits.bytes ||
        now - this.#keySince >= this.#limits.ageMs)
    )
  }

  /** Takes the next key, and says so in a record of its own. Writes nothing if nothing was sealed with the current one yet. */
  rekey(target: RecordTarget): void {
    this.#mayGoOn()
    if (this.#keyRecords === 0) return
    this.#sealControl(REKEY_CODE, target)
    this.#key.rekey()
    this.#keyRecords = 0
    this.#keyBytes = 0
    this.#rekeys++
  }

  /** Ends the stream with a record that says so: without it, the other side reports a cut. Nothing can be sealed afterwards. */
  close(target: RecordTarget): void {
    this.#mayGoOn()
    this.#sealControl(CLOSE_CODE, target)
    this.drop()
  }

  /** Forgets the key without a word: for a link that is gone. May be called at any time. */
  drop(): void {
    if (this.#state === 'open') this.#state = 'closed'
    this.#key.wipe('This stream was closed')
  }

  #sealControl(code: number, target: RecordTarget): void {
    const at = target.reserve(CONTROL_SIZE)
    const into = target.bytes
    const end = at + CONTROL_SIZE
    this.#sealNext(Uint8Array.of(code, 0), NO_BYTES, into.subarray(at + RECORD_HEADER_SIZE, end))
    into[at] = code
    into[at + 1] = 0
    target.commit(end)
  }

  /** A call that fails halfway has used a nonce, so that both sides would count differently from there on. */
  #sealNext(ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    this.#state = 'failed'
    this.#key.seal(ad, plaintext, into)
    this.#state = 'open'
  }

  #mayGoOn(): void {
    if (this.#state === 'open') return
    if (this.#state === 'closed')
      throw new CipherError('closed', 'This stream was closed: nothing may follow')
    throw new CipherError('failed', 'Sealing failed before: begin a new session')
  }
}

function badSource(from: number, to: number, sizeMax: number): CipherError {
  return new CipherError(
    'size',
    `A record has 1 to ${sizeMax} bytes of its source, not those from ${from} to ${to}`,
  )
}

function checkTarget(
  source: Uint8Array,
  from: number,
  to: number,
  into: Uint8Array,
  at: number,
  end: number,
): void {
  if (!(at >= 0 && end <= into.length)) {
    throw new CipherError('size', `The record takes the bytes from ${at} to ${end} of ${into.length}`)
  }
  if (into.buffer !== source.buffer) return
  const sourceStart = source.byteOffset + from
  const intoStart = into.byteOffset + at
  const isInPlace = intoStart + RECORD_HEADER_SIZE === sourceStart
  const isApart = intoStart >= source.byteOffset + to || into.byteOffset + end <= sourceStart
  if (!isInPlace && !isApart)
    throw new CipherError('size', 'A record must begin 2 bytes before its plaintext, or lie apart from it')
}
