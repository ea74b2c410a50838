import { CipherError } from '../base/errors.ts'
import { expectOptions, type KeyStop, keyStop, wholeOption } from '../base/limits.ts'
import type { ReceiveState } from '../noise/handshake-state.ts'
import {
  CIPHERTEXT_SIZE_MIN,
  CLOSE_CODE,
  CONTROL_SIZE,
  NO_BYTES,
  RECORD_HEADER_SIZE,
  RECORD_OVERHEAD,
  RECORD_SIZE_MAX,
  REKEY_CODE,
} from './record.ts'
import { claim } from './record-claim.ts'
import { RecordPart, type RecordPool } from './record-part.ts'

/**
 * Why a stream of records is over. All but `truncated` are the other side's fault, or that of a man in the middle.
 *
 * - `forged`: a tag didn't match. Something was changed, dropped, repeated or put in, or the keys differ.
 * - `malformed`: a size that no record has.
 * - `oversize`: a record larger than `recordSizeMax`.
 * - `idle-rekey`: a key change that follows the last one without a data record in between.
 * - `exhausted`: more records or bytes with one key than its cipher bears.
 * - `after-close`: bytes behind the close record.
 * - `truncated`: the stream ended without a close record.
 */
export type RecordFailure =
  | 'forged'
  | 'malformed'
  | 'oversize'
  | 'idle-rekey'
  | 'exhausted'
  | 'after-close'
  | 'truncated'

/** Limits of an opener. */
export interface RecordOpenerOptions {
  /** The largest record it accepts, header and tag included, in bytes. From 1,024 to 65,535, which is the default. */
  readonly recordSizeMax?: number | undefined
  /** Where the memory for a record that comes in pieces is from: Millrace's `BlockPool` is one. Default: new memory each time. */
  readonly pool?: RecordPool | undefined
}

/**
 * Opens one direction of a stream: chunks of any cut in, plaintext out, record by record, each only after its tag was found right.
 * Holds at most one record, the one that is cut at the end of a chunk, in memory that grows with the bytes at hand. The first
 * failure is final. Never throws for what the bytes are.
 *
 * `receive(chunk, ownership)`, then `next()` until it answers undefined; then look at `state`.
 */
export class RecordOpener {
  readonly recordSizeMax: number
  /**
   * Who owns the last plaintext, in the terms of a link. `given`: the caller's, for ever; it is a part of a chunk that was given. `lent`: it will be
   * overwritten, or gone, after the next call.
   */
  ownership: 'given' | 'lent' = 'lent'

  readonly #key: ReceiveState
  readonly #stop: KeyStop
  readonly #part: RecordPart
  #state: 'open' | 'closed' | 'failed' = 'open'
  #failure: RecordFailure | undefined
  #chunk: Uint8Array = NO_BYTES
  #at = 0
  #chunkOwnership: 'given' | 'lent' = 'lent'
  #isDrained = true
  /** Of the current key. */
  #keyRecords = 0
  #keyBytes = 0
  #rekeys = 0

  /** Takes the receiving state of a handshake for good: throws `used` if it was taken before. */
  constructor(key: ReceiveState, options: RecordOpenerOptions = {}) {
    expectOptions('RecordOpener', options, ['recordSizeMax', 'pool'])
    this.recordSizeMax = wholeOption(
      'recordSizeMax',
      options.recordSizeMax ?? RECORD_SIZE_MAX,
      1024,
      RECORD_SIZE_MAX,
    )
    this.#part = new RecordPart(options.pool)
    this.#stop = keyStop(key.cipher)
    claim(key)
    this.#key = key
  }

  /** `closed` after an authentic close record: the peer said everything it wanted to say. */
  get state(): 'open' | 'closed' | 'failed' {
    return this.#state
  }

  /** What ended it, if it failed. */
  get failure(): RecordFailure | undefined {
    return this.#failure
  }

  /** How often the other side took the next key. */
  get rekeyCount(): number {
    return this.#rekeys
  }

  /** Bytes of a record that has not come whole yet. */
  get stored(): number {
    return this.#part.size
  }

  /**
   * Takes a chunk, **and may decrypt its bytes in place**: nothing else may use them at the same time. It is let go when `next` answers
   * undefined. Throws `turn` if the chunk before was not read to the end.
   */
  receive(chunk: Uint8Array, ownership: 'given' | 'lent'): void {
    if (!this.#isDrained)
      throw new CipherError('turn', 'Read the chunk before first, until next() returns undefined')
    if (chunk.length === 0 || this.#state === 'failed') return
    if (this.#state === 'closed') {
      this.#fail('after-close')
      return
    }
    this.#chunk = chunk
    this.#chunkOwnership = ownership
    this.#at = 0
    this.#isDrained = false
  }

  /** The plaintext of the next whole record, never empty; or undefined: there is none, so more must come, or the stream is over. */
  next(): Uint8Array | undefined {
    this.#reuse()
    while (!this.#isDrained) {
      const record = this.#part.size > 0 ? this.#fromPart() : this.#fromChunk()
      if (record === undefined) break
      const plaintext = this.#open(record)
      if (plaintext !== undefined) return plaintext
    }
    this.#reuse()
    return undefined
  }

  /** The chunk will be overwritten, though it was not read to the end: copies what is left. The last plaintext is gone then. */
  keep(): void {
    if (this.#isDrained || this.#chunkOwnership === 'given') return
    this.#chunk = new Uint8Array(this.#chunk.subarray(this.#at))
    this.#chunkOwnership = 'given'
    this.#at = 0
  }

  /** The link ended. Answers what that means: an orderly end, a cut, or an end that came before for a reason of its own. */
  end(): 'closed' | RecordFailure {
    if (this.#state === 'open') this.#fail('truncated')
    return this.#failure ?? 'closed'
  }

  /** Gives all memory back and forgets the key. What was not read is lost. */
  release(): void {
    this.#part.release()
    this.#letGo()
    this.#key.wipe('This stream is over')
    if (this.#state === 'open') this.#fail('truncated')
  }

  /** A whole record as it lies in the chunk, or undefined; then what is left of the chunk was stored. */
  #fromChunk(): Uint8Array | undefined {
    const chunk = this.#chunk
    const at = this.#at
    const left = chunk.length - at
    if (left >= RECORD_HEADER_SIZE) {
      const size = this.#recordSize(chunk[at] | (chunk[at + 1] << 8))
      if (size === 0) return undefined
      if (size <= left) {
        this.#at = at + size
        this.ownership = this.#chunkOwnership
        if (this.#at === chunk.length) this.#letGo()
        return chunk.subarray(at, at + size)
      }
      this.#part.append(chunk, at, chunk.length, size)
    } else if (left > 0) {
      this.#part.append(chunk, at, chunk.length, RECORD_HEADER_SIZE)
    }
    this.#letGo()
    return undefined
  }

  /** Completes the stored record from the chunk: its header first, then as much as that says. */
  #fromPart(): Uint8Array | undefined {
    const part = this.#part
    this.#fill(RECORD_HEADER_SIZE)
    if (part.size < RECORD_HEADER_SIZE) return undefined
    const size = this.#recordSize(part.header)
    if (size === 0) return undefined
    this.#fill(size)
    if (part.size < size) return undefined
    this.ownership = 'lent'
    return part.take()
  }

  /** Moves bytes from the chunk to the part, until that has `size`. */
  #fill(size: number): void {
    const missing = size - this.#part.size
    if (missing <= 0) return
    const to = Math.min(this.#chunk.length, this.#at + missing)
    this.#part.append(this.#chunk, this.#at, to, size)
    this.#at = to
    if (to === this.#chunk.length) this.#letGo()
  }

  /** How long the record is, by its first two bytes, header included; 0 if there is none like that: then it has failed. */
  #recordSize(field: number): number {
    if (field >= CIPHERTEXT_SIZE_MIN) {
      const size = field + RECORD_HEADER_SIZE
      if (size <= this.recordSizeMax) return size
      this.#fail('oversize')
      return 0
    }
    if (field === CLOSE_CODE || field === REKEY_CODE) return CONTROL_SIZE
    this.#fail('malformed')
    return 0
  }

  #open(record: Uint8Array): Uint8Array | undefined {
    const field = record[0] | (record[1] << 8)
    if (field < CIPHERTEXT_SIZE_MIN) {
      this.#control(field, record)
      return undefined
    }
    const size = record.length - RECORD_OVERHEAD
    if (this.#keyRecords >= this.#stop.records || this.#keyBytes + size > this.#stop.bytes) {
      this.#fail('exhausted')
      return undefined
    }
    const plaintext = this.#key.openLent(NO_BYTES, record.subarray(RECORD_HEADER_SIZE))
    if (plaintext === undefined) {
      this.#fail('forged')
      return undefined
    }
    if (plaintext.buffer !== record.buffer) this.ownership = 'lent'
    this.#keyRecords++
    this.#keyBytes += size
    return plaintext
  }

  #control(code: number, record: Uint8Array): void {
    const header = record.subarray(0, RECORD_HEADER_SIZE)
    const tag = record.subarray(RECORD_HEADER_SIZE)
    if (!this.#key.open(header, tag, NO_BYTES)) return this.#fail('forged')
    if (code === REKEY_CODE) {
      if (this.#keyRecords === 0) return this.#fail('idle-rekey')
      this.#key.rekey()
      this.#keyRecords = 0
      this.#keyBytes = 0
      this.#rekeys++
      return
    }
    this.#state = 'closed'
    this.#key.wipe('This stream is over')
    if (!this.#isDrained) this.#fail('after-close')
  }

  #fail(failure: RecordFailure): void {
    this.#state = 'failed'
    this.#failure = failure
    this.#key.wipe('This stream is over')
    this.#part.release()
    this.#letGo()
  }

  /** The plaintext of the record before has been read. */
  #reuse(): void {
    this.#part.reuse()
    this.#key.reuse()
  }

  #letGo(): void {
    this.#chunk = NO_BYTES
    this.#at = 0
    this.#isDrained = true
  }
}
