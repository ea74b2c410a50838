import { giveBack, takeGuard } from './collision-guard.ts'
import { copyBytes } from './copy-bytes.ts'
import { isForbiddenKey } from './forbidden-key.ts'
import { KeyMemory } from './key-memory.ts'
import type { KeyShape } from './key-shapes.ts'
import { EmptyRecordConstructor, type MapRecord, MapRecordConstructor } from './map-record.ts'
import { type MsgpackErrorCode, sentenceAt } from './msgpack-error.ts'
import type { MsgpackExtension } from './msgpack-extension.ts'
import { dateOf, readTimestamp, TIMESTAMP_TYPE } from './msgpack-timestamp.ts'
import { ReadBudget } from './read-budget.ts'
import { keyKind, numberWidth, readNumber } from './read-number.ts'
import { type MsgpackReaderOptions, type ReaderRules, readerRules } from './reader-rules.ts'
import { Utf8Reader } from './utf8.ts'
import * as memory from './value-memory.ts'
import { sizeWidth } from './value-size.ts'

const NOTHING = new Uint8Array(0)
const NOTHING_VIEW = new DataView(NOTHING.buffer)
// It keeps nothing between two texts.
const utf8 = new Utf8Reader()

/**
 * Reads MessagePack strictly, as from a stranger. Never throws: after `read`, `error` is '' or the code of what was
 * wrong. Allocates in proportion to the bytes at hand, holds no reference to them afterwards, and what it returns
 * is all copied. Keeps a bounded memory of keys (about 100 KiB at most), so hold one reader and reuse it.
 */
export class MsgpackReader {
  /** '' when the last `read` succeeded. */
  error: '' | MsgpackErrorCode = ''
  /** Where the last `read` stopped: after the value, or at the byte that was wrong. */
  position = 0
  readonly #rules: ReaderRules
  readonly #options: MsgpackReaderOptions
  #budget: ReadBudget
  #keys = new KeyMemory()
  #bytes: Uint8Array = NOTHING
  #view: DataView = NOTHING_VIEW
  #end = 0

  /** Throws `MsgpackError` with `bad-option` for options out of range. */
  constructor(options: MsgpackReaderOptions = {}) {
    this.#options = options
    this.#rules = readerRules(options)
    this.#budget = new ReadBudget(this.#rules.limits, 0)
  }

  /**
   * A reader with the same options for another peer: with shapes of maps of its own, so that none spoils them for others. It shares the
   * texts of keys.
   */
  another(): MsgpackReader {
    const reader = new MsgpackReader(this.#options)
    reader.#keys = this.#keys.another()
    return reader
  }

  /**
   * Reads one value from `bytes[offset, end)`; `view` shows the same memory. Returns undefined after an error.
   * Bytes after the value are the caller's to judge, by `position`.
   */
  read(bytes: Uint8Array, view: DataView, offset: number, end: number): unknown {
    if (this.#view !== NOTHING_VIEW) {
      // An extension uses the reader that is reading it.
      const reader = this.another()
      const value = reader.read(bytes, view, offset, end)
      ;[this.error, this.position] = [reader.error, reader.position]
      return value
    }
    this.error = ''
    this.position = offset
    if (!(offset >= 0 && offset <= end && end <= bytes.length && end <= view.byteLength)) {
      return this.#fail('truncated', offset)
    }
    this.#bytes = bytes
    this.#view = view
    this.#end = end
    this.#budget = new ReadBudget(this.#rules.limits, end - offset)
    const value =
      this.#budget.takeNode() || offset === end ? this.#value() : this.#fail('nodes-over-limit', offset)
    this.#bytes = NOTHING
    this.#view = NOTHING_VIEW
    return this.error === '' ? value : undefined
  }

  /** What was wrong and where, as a sentence; '' after success. */
  errorText(): string {
    return this.error === '' ? '' : sentenceAt(this.error, this.position)
  }

  #fail(code: MsgpackErrorCode, at: number): undefined {
    this.error = code
    this.position = at
    return undefined
  }

  #value(): unknown {
    const at = this.position
    if (at >= this.#end) return this.#fail('truncated', at)
    const head = this.#bytes[at]
    this.position = at + 1
    if (head < 0x80) return head
    if (head >= 0xe0) return head - 0x100
    if (head >= 0xa0 && head < 0xc0) return this.#text(head & 0x1f, at)
    if (head < 0x90) return this.#map(head & 0x0f, at)
    if (head < 0xa0) return this.#array(head & 0x0f, at)
    if (head >= 0xca && head <= 0xd3) return this.#number(head, at + 1)
    switch (head) {
      case 0xc0:
        return null
      case 0xc1:
        return this.#fail('reserved-byte', at)
      case 0xc2:
        return false
      case 0xc3:
        return true
      default:
        if (head >= 0xd4 && head <= 0xd8) return this.#extension(1 << (head - 0xd4), at)
        return this.#sized(head, at)
    }
  }

  #number(head: number, from: number): unknown {
    const size = numberWidth(head)
    if (size > this.#end - from) return this.#fail('truncated', from - 1)
    this.position = from + size
    return readNumber(head, this.#bytes, this.#view, from)
  }

  /** Values with their size or count behind the head, in 1, 2 or 4 bytes. */
  #sized(head: number, at: number): unknown {
    const size = this.#sizeAfter(head, at)
    if (size < 0) return undefined
    if (head <= 0xc6) return this.#binary(size, at)
    if (head <= 0xc9) return this.#extension(size, at)
    if (head <= 0xdb) return this.#text(size, at)
    return head <= 0xdd ? this.#array(size, at) : this.#map(size, at)
  }

  #sizeAfter(head: number, at: number): number {
    const width = sizeWidth(head)
    const from = at + 1
    if (width > this.#end - from) {
      this.#fail('truncated', at)
      return -1
    }
    this.position = from + width
    if (width === 1) return this.#bytes[from]
    return width === 2 ? this.#view.getUint16(from) : this.#view.getUint32(from)
  }

  #text(size: number, at: number): string | undefined {
    const start = this.position
    if (size > this.#end - start) return this.#fail('truncated', at)
    if (size > this.#rules.limits.textSizeMax) return this.#fail('text-over-limit', at)
    this.position = start + size
    return utf8.read(this.#bytes, start, start + size) ?? this.#fail('bad-text', at)
  }

  #binary(size: number, at: number): Uint8Array | undefined {
    const start = this.position
    if (size > this.#end - start) return this.#fail('truncated', at)
    if (size > this.#rules.limits.binarySizeMax) return this.#fail('binary-over-limit', at)
    if (size === 0) return NOTHING
    if (!this.#charge(memory.ofBytes(size), at)) return undefined
    this.position = start + size
    return copyBytes(this.#bytes, start, start + size)
  }

  #array(count: number, at: number): unknown[] | undefined {
    if (!this.#enter(count, count, at) || !this.#charge(memory.ofArray(count), at)) return undefined
    const array = new Array<unknown>(count)
    for (let index = 0; index < count; index++) {
      array[index] = this.#value()
      if (this.error !== '') return undefined
    }
    this.#budget.leave()
    return array
  }

  /** Checks a container before anything is allocated for it. */
  #enter(count: number, sizeMin: number, at: number): boolean {
    const wrong = sizeMin > this.#end - this.position ? 'truncated' : this.#budget.enter(count)
    if (wrong !== '') this.#fail(wrong, at)
    return wrong === ''
  }

  /** Whether so many more bytes of memory are acceptable. */
  #charge(size: number, at: number): boolean {
    if (this.#budget.takeMemory(size)) return true
    this.#fail('memory-over-limit', at)
    return false
  }

  #map(count: number, at: number): MapRecord | Map<unknown, unknown> | undefined {
    if (!this.#enter(count, count * 2, at)) return undefined
    const wrong = this.#budget.takeKeys(count)
    if (wrong !== '') return this.#fail(wrong, at)
    const isRecord = this.#rules.maps === 'object'
    if (!this.#charge(isRecord ? memory.ofRecord(count) : memory.ofMap(count), at)) return undefined
    const map = isRecord ? this.#record(count) : this.#mapObject(count)
    this.#budget.leave()
    return map
  }

  #record(count: number): MapRecord | undefined {
    if (count === 0) return new EmptyRecordConstructor()
    const record = new MapRecordConstructor()
    let shape: KeyShape | undefined = this.#keys.root
    for (let index = 0; index < count; index++) {
      const from = this.position
      const known: KeyShape | undefined = shape?.match(this.#bytes, from, this.#end)
      let key: string | undefined
      if (known !== undefined) {
        key = known.text
        this.position = from + known.encoded.length
        shape = known
      } else {
        key = this.#key()
        if (key === undefined) return undefined
        if (key in record) return this.#fail('duplicate-key', from)
        if (!this.#charge(memory.NEW_KEY, from)) return undefined
        shape &&= this.#keys.grow(shape, key, this.#bytes, from, this.position)
      }
      record[key] = this.#value()
      if (this.error !== '') return undefined
    }
    return record
  }

  /** A key that is text, allowed, and valid UTF-8. */
  #key(): string | undefined {
    const at = this.position
    if (at >= this.#end) return this.#fail('truncated', at)
    const head = this.#bytes[at]
    this.position = at + 1
    let size = head & 0x1f
    if (head >= 0xd9 && head <= 0xdb) {
      size = this.#sizeAfter(head, at)
      if (size < 0) return undefined
    } else if (head < 0xa0 || head > 0xbf) {
      return this.#fail(head === 0xc1 ? 'reserved-byte' : 'bad-key', at)
    }
    const start = this.position
    const end = start + size
    if (end > this.#end) return this.#fail('truncated', at)
    const known = this.#keys.find(this.#bytes, start, end)
    if (known !== undefined) {
      this.position = end
      return known
    }
    const text = this.#text(size, at)
    if (text === undefined) return undefined
    if (isForbiddenKey(text)) return this.#fail('forbidden-key', at)
    this.#keys.keep(this.#bytes, start, end, text)
    return text
  }

  #mapObject(count: number): Map<unknown, unknown> | undefined {
    const map = new Map<unknown, unknown>()
    const guard = takeGuard(count)
    for (let index = 0; index < count; index++) {
      const at = this.position
      const key = this.#anyKey()
      if (this.error !== '') return undefined
      if (guard?.admit(key) === false) return this.#fail('key-collisions', at)
      const value = this.#value()
      if (this.error !== '') return undefined
      map.set(key, value)
      if (map.size === index) return this.#fail('duplicate-key', at)
    }
    giveBack(guard)
    return map
  }

  /** Text or another scalar: what `Map` compares by value, so that two equal keys cannot pass for different ones. */
  #anyKey(): unknown {
    const kind = this.position < this.#end ? keyKind(this.#bytes[this.position]) : 'text'
    if (kind === 'none') return this.#fail('bad-key', this.position)
    return kind === 'text' ? this.#key() : this.#value()
  }

  #extension(size: number, at: number): unknown {
    if (size + 1 > this.#end - this.position) return this.#fail('truncated', at)
    const type = (this.#bytes[this.position++] << 24) >> 24
    const start = this.position
    this.position = start + size
    if (type === TIMESTAMP_TYPE) {
      if (!this.#charge(memory.DATE, at)) return undefined
      const timestamp = readTimestamp(this.#view, start, size)
      const value = timestamp && this.#rules.timestamps === 'date' ? dateOf(timestamp) : timestamp
      return value ?? this.#fail('bad-timestamp', at)
    }
    const extension = this.#rules.extensions.get(type)
    if (extension === undefined) return this.#fail('unknown-extension', at)
    if (size > this.#rules.limits.extSizeMax) return this.#fail('extension-over-limit', at)
    if (!this.#charge(memory.ofBytes(size), at)) return undefined
    return this.#decoded(extension, copyBytes(this.#bytes, start, start + size), at)
  }

  /** Calls foreign code, which may throw, and may even use this very reader. */
  #decoded(extension: MsgpackExtension, data: Uint8Array, at: number): unknown {
    const { position } = this
    try {
      const value = extension.decode(data)
      this.error = ''
      this.position = position
      return value
    } catch {
      return this.#fail('extension-failed', at)
    }
  }
}
