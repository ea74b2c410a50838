import type { RecordOpener } from '@millrace/cipher'
import { TokenBuckets } from '../base/token-buckets.ts'

/** Plaintexts below this size are gathered: the owner hears of a chunk of many once, not of each. */
const gatheredBelow = 1024
const gatherSize = 16_384

/** Records with less in them are small: they cost as much as large ones, and carry nothing. */
const smallBelow = 64

/** So many small records are opened in one go; then the loop has its turn. */
const sliceCount = 256

/** How often a peer may send what costs more than it carries. */
const rates = [
  { rate: 32_768, burst: 65_536 },
  { rate: 1, burst: 16 },
]
const smallRecords = 0
const keyChanges = 1

/** What a reader tells. */
export interface RecordReaderOwner {
  /** Bytes of the peer, authentic and in order. */
  opened(plain: Uint8Array, ownership: 'given' | 'lent'): void
  /** There are more records than one go opens: `goOn` is to be called when the loop has come round. */
  rests(): void
}

/** Memory to gather in, shared by all: what is in it has been handed on before a call returns. */
let spare: Uint8Array | undefined

/** Opens the records of a link, in pieces that leave others their time, and refuses a peer that sends more small ones than any use has. */
export class RecordReader {
  /** It has more to read, and waits for `goOn`. */
  isResting = false
  /** What the peer does too much of, or ''. */
  excess = ''
  readonly #opener: RecordOpener
  readonly #owner: RecordReaderOwner
  /** What came while it rested. */
  #waiting: Uint8Array[] | undefined
  readonly #buckets = new TokenBuckets(rates)
  #isOver = false

  constructor(opener: RecordOpener, owner: RecordReaderOwner) {
    this.#opener = opener
    this.#owner = owner
  }

  /** Bytes that came while it rested. */
  get waiting(): number {
    return this.#waiting?.reduce((sum, { length }) => sum + length, 0) ?? 0
  }

  /** Opens what is whole of a chunk. Bytes that are lent have been copied or read when it returns. */
  receive(bytes: Uint8Array, ownership: 'given' | 'lent', now: number): void {
    if (this.isResting) {
      this.#waiting ??= []
      this.#waiting.push(ownership === 'given' ? bytes : new Uint8Array(bytes))
      return
    }
    this.#opener.receive(bytes, ownership)
    this.#read(sliceCount, now)
  }

  /** Opens the next piece of what it rested on. */
  goOn(now: number): void {
    this.#read(sliceCount, now)
  }

  /** Opens all that is left, as nothing more will come. */
  finish(now: number): void {
    if (this.isResting) this.#read(Number.POSITIVE_INFINITY, now)
  }

  /** Opens nothing any more. */
  end(): void {
    this.#isOver = true
    this.isResting = false
    this.#waiting = undefined
  }

  #read(countMax: number, now: number): void {
    const opener = this.#opener
    const { rekeyCount } = opener
    const memory = spare ?? new Uint8Array(gatherSize)
    spare = undefined
    let gathered = 0
    let small = 0
    let read = 0
    const flush = () => {
      const size = gathered
      gathered = 0
      if (size > 0) this.#owner.opened(memory.subarray(0, size), 'lent')
    }
    this.isResting = false
    while (!this.#isOver) {
      if (read >= countMax) {
        this.isResting = true
        break
      }
      const plain = opener.next()
      if (plain === undefined) {
        const next = this.#waiting?.shift()
        if (next === undefined || opener.failure !== undefined) break
        opener.receive(next, 'given')
        continue
      }
      if (plain.length < smallBelow) small++
      if (plain.length < gatheredBelow) {
        read++
        if (gathered + plain.length > gatherSize) flush()
        memory.set(plain, gathered)
        gathered += plain.length
        continue
      }
      const { ownership } = opener
      flush()
      if (!this.#isOver) this.#owner.opened(plain, ownership)
    }
    if (this.isResting) opener.keep()
    flush()
    spare = memory
    const buckets = this.#buckets
    if (!buckets.take(smallRecords, small, now)) this.excess = 'records with next to nothing in them'
    if (!buckets.take(keyChanges, opener.rekeyCount - rekeyCount, now)) this.excess = 'key changes'
    if (this.isResting && !this.#isOver) this.#owner.rests()
  }
}
