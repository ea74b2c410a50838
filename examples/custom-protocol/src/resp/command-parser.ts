import { asciiInteger } from './ascii-number.ts'
import { ByteStore } from './byte-store.ts'
import { splitInline } from './inline-command.ts'
import type { RespLimits } from './resp-limits.ts'
import { textOf } from './resp-value.ts'

const star = 0x2a
const dollar = 0x24
const carriageReturn = 13
const lineFeed = 10

/** `*1048576` and the like: a longer line is no header. */
const headerSizeMax = 32

/**
 * Cuts a stream of bytes into commands: arrays of bulk strings, or inline commands, which people type. Knows no socket and
 * no reply. `receive` stores, `next` moves to the next whole command. After a `violation` nothing more can be read.
 */
export class CommandParser {
  name = ''
  args: readonly Uint8Array[] = []
  /** What the peer did wrong, in Redis's words. Set once, and for good. */
  violation: string | undefined

  readonly #limits: RespLimits
  readonly #store = new ByteStore()
  #parts: Uint8Array[] = []
  /** Parts that the command at hand still lacks; 0 between commands. */
  #missing = 0
  /** The size of the part at hand; -1 before its header. */
  #bulkSize = -1
  /** Bytes of the command at hand that have left the store. */
  #taken = 0

  constructor(limits: RespLimits) {
    this.#limits = limits
  }

  /** Bytes that belong to no command shown so far. */
  get stored(): number {
    return this.#store.size + this.#taken
  }

  /** Stores a chunk. Its bytes belong to the parser from now on. */
  receive(chunk: Uint8Array): void {
    if (this.violation === undefined && chunk.length > 0) this.#store.append(chunk)
  }

  /** Moves to the next whole command. False when there is none yet, or after a violation. */
  next(): boolean {
    const store = this.#store
    while (this.violation === undefined) {
      if (this.#missing === 0) {
        if (store.size === 0) return false
        if (store.bytes[store.start] !== star) {
          const step = this.#inline()
          if (step !== 'again') return step === 'whole'
        } else if (!this.#begin()) {
          return false
        }
      } else if (this.#bulkSize < 0) {
        if (!this.#beginPart()) return false
      } else {
        const step = this.#part()
        if (step !== 'again') return step === 'whole'
      }
    }
    return false
  }

  release(): void {
    this.#store.clear()
    this.#parts = []
    this.#missing = this.#taken = 0
    this.#bulkSize = -1
  }

  #begin(): boolean {
    const count = this.#header('too big mbulk count string', 'invalid multibulk length')
    if (count === undefined) return false
    if (count > this.#limits.elementCountMax) return this.#violate('invalid multibulk length')
    // An empty command is none, and has no answer.
    if (count <= 0) this.#taken = 0
    else this.#missing = count
    return true
  }

  #beginPart(): boolean {
    const { bytes, start, size } = this.#store
    if (size === 0) return false
    if (bytes[start] !== dollar) {
      return this.#violate(`expected '$', got '${printable(bytes[start])}'`)
    }
    const bulkSize = this.#header('too big bulk count string', 'invalid bulk length')
    if (bulkSize === undefined) return false
    const { bulkSizeMax, messageSizeMax } = this.#limits
    const isOver = bulkSize > bulkSizeMax || this.#taken + bulkSize + 2 > messageSizeMax
    if (bulkSize < 0 || isOver) return this.#violate('invalid bulk length')
    this.#bulkSize = bulkSize
    return true
  }

  #part(): 'whole' | 'again' | 'wait' {
    const store = this.#store
    const size = this.#bulkSize
    if (store.size < size + 2) return 'wait'
    const end = store.start + size
    if (store.bytes[end] !== carriageReturn || store.bytes[end + 1] !== lineFeed) {
      this.#violate('a bulk string without CRLF behind it')
      return 'wait'
    }
    this.#parts.push(store.copy(0, size))
    store.consume(size + 2)
    this.#taken += size + 2
    this.#bulkSize = -1
    if (--this.#missing > 0) return 'again'
    this.#show(this.#parts)
    return 'whole'
  }

  #inline(): 'whole' | 'again' | 'wait' {
    const store = this.#store
    const { lineSizeMax } = this.#limits
    const size = store.lineSize()
    if (size > lineSizeMax || (size < 0 && store.size > lineSizeMax + 1)) {
      this.#violate('too big inline request')
      return 'wait'
    }
    if (size < 0) return 'wait'
    const parts = splitInline(store.copy(0, size))
    store.consumeLine(size)
    if (parts === 'unbalanced') {
      this.#violate('unbalanced quotes in request')
      return 'wait'
    }
    if (parts.length === 0) return 'again'
    if (parts.length > this.#limits.elementCountMax) {
      this.#violate('invalid multibulk length')
      return 'wait'
    }
    this.#show(parts)
    return 'whole'
  }

  /** The number in the header line at hand; undefined while the line isn't whole, or after a violation. */
  #header(tooLong: string, invalid: string): number | undefined {
    const store = this.#store
    const size = store.lineSize()
    if (size > headerSizeMax || (size < 0 && store.size > headerSizeMax)) {
      this.#violate(tooLong)
      return undefined
    }
    if (size < 0) return undefined
    const { bytes, start } = store
    const value =
      bytes[start + size] === carriageReturn ? asciiInteger(bytes, start + 1, start + size) : undefined
    if (value === undefined) {
      this.#violate(invalid)
      return undefined
    }
    store.consume(size + 2)
    this.#taken += size + 2
    return value
  }

  #show(parts: Uint8Array[]): void {
    this.name = textOf(parts[0]).toUpperCase()
    this.args = parts.slice(1)
    this.#parts = []
    this.#taken = 0
  }

  #violate(what: string): false {
    this.violation = what
    this.release()
    return false
  }
}

function printable(byte: number): string {
  return byte > 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
