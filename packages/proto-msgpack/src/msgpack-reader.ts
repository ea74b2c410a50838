import { copyBytes } from './copy-bytes.ts'
import { isForbiddenKey } from './forbidden-key.ts'
import { KeyCache } from './key-cache.ts'
import { type KeyShape, KeyShapes } from './key-shapes.ts'
import { type MapRecord, MapRecordConstructor } from './map-record.ts'
import { type MsgpackErrorCode, sentenceFor } from './msgpack-error.ts'
import type { MsgpackExtension } from './msgpack-extension.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'
import { dateOf, readTimestamp, TIMESTAMP_TYPE } from './msgpack-timestamp.ts'
import { numberWidth, readNumber } from './read-number.ts'
import { type MsgpackReaderOptions, readerRules } from './reader-rules.ts'
import { Utf8Reader } from './utf8.ts'
import { sizeWidth } from './value-size.ts'

const NOTHING = new Uint8Array(0)
const NOTHING_VIEW = new DataView(NOTHING.buffer)

/**
 * Reads MessagePack strictly, as from a stranger. Never throws: after `read`, `error` is '' or the code of what was
 * wrong. Allocates in proportion to the bytes at hand, holds no reference to them afterwards, and what it returns
 * is all copied. Keeps a bounded memory of keys (about 200 KiB at most), so hold one reader and reuse it.
 */
export class MsgpackReader {
  /** '' when the last `read` succeeded. */
  error: '' | MsgpackErrorCode = ''
  /** Where the last `read` stopped: after the value, or at the byte that was wrong. */
  position = 0
  readonly #limits: MsgpackLimits
  readonly #depthMax: number
  readonly #keysMax: number
  readonly #textSizeMax: number
  readonly #maps: 'object' | 'map'
  readonly #timestamps: 'date' | 'exact'
  readonly #extensions: ReadonlyMap<number, MsgpackExtension>
  readonly #shapes = new KeyShapes()
  readonly #keys = new KeyCache()
  readonly #utf8 = new Utf8Reader()
  #bytes: Uint8Array = NOTHING
  #view: DataView = NOTHING_VIEW
  #end = 0
  #depth = 0
  #nodesLeft = 0

  /** Throws `MsgpackError` with `bad-option` for options out of range. */
  constructor(options: MsgpackReaderOptions = {}) {
    const { limits, maps, timestamps, extensions } = readerRules(options)
    this.#limits = limits
    this.#depthMax = limits.depthMax
    this.#keysMax = limits.keysMax
    this.#textSizeMax = limits.textSizeMax
    this.#maps = maps
    this.#timestamps = timestamps
    this.#extensions = extensions
  }

  /**
   * Reads one value from `bytes[offset, end)`; `view` shows the same memory. Returns undefined after an error.
   * Bytes after the value are the caller's to judge, by `position`.
   */
  read(bytes: Uint8Array, view: DataView, offset: number, end: number): unknown {
    this.error = ''
    this.position = offset
    if (!(offset >= 0 && offset <= end && end <= bytes.length && end <= view.byteLength)) {
      return this.#fail('truncated', offset)
    }
    const { nodesMax, nodesPerByteMax } = this.#limits
    this.#nodesLeft = Math.min(nodesMax, Math.floor((end - offset) * nodesPerByteMax))
    this.#bytes = bytes
    this.#view = view
    this.#end = end
    this.#depth = 0
    const value =
      this.#nodesLeft-- > 0 || offset === end ? this.#value() : this.#fail('nodes-over-limit', offset)
    this.#bytes = NOTHING
    this.#view = NOTHING_VIEW
    return this.error === '' ? value : undefined
  }

  /** What was wrong and where, as a sentence; '' after success. */
  errorText(): string {
    return this.error === ''
      ? ''
      : `msgpack ${this.error} at byte ${this.position}: ${sentenceFor(this.error)}`
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

  /** Values whose size or count follows the head in 1, 2 or 4 bytes. */
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
    if (size > this.#textSizeMax) return this.#fail('text-over-limit', at)
    this.position = start + size
    const text = this.#utf8.read(this.#bytes, start, start + size)
    return text === undefined ? this.#fail('bad-text', at) : text
  }

  #binary(size: number, at: number): Uint8Array | undefined {
    const start = this.position
    if (size > this.#end - start) return this.#fail('truncated', at)
    if (size > this.#limits.binarySizeMax) return this.#fail('binary-over-limit', at)
    this.position = start + size
    return copyBytes(this.#bytes, start, start + size)
  }

  #array(count: number, at: number): unknown[] | undefined {
    if (!this.#enter(count, count, at)) return undefined
    const array = new Array<unknown>(count)
    for (let index = 0; index < count; index++) {
      array[index] = this.#value()
      if (this.error !== '') return undefined
    }
    this.#depth--
    return array
  }

  /** Checks a container before anything is allocated for it. */
  #enter(count: number, sizeMin: number, at: number): boolean {
    if (sizeMin > this.#end - this.position) this.#fail('truncated', at)
    else if (this.#depth >= this.#depthMax) this.#fail('depth-over-limit', at)
    else if (count > this.#nodesLeft) this.#fail('nodes-over-limit', at)
    else {
      this.#nodesLeft -= count
      this.#depth++
      return true
    }
    return false
  }

  #map(count: number, at: number): MapRecord | Map<unknown, unknown> | undefined {
    if (!this.#enter(count, count * 2, at)) return undefined
    if (count > this.#keysMax) return this.#fail('keys-over-limit', at)
    const map = this.#maps === 'object' ? this.#record(count) : this.#mapObject(count)
    this.#depth--
    return map
  }

  #record(count: number): MapRecord | undefined {
    const record = new MapRecordConstructor()
    let shape: KeyShape | undefined = this.#shapes.root
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
        shape = shape && this.#grow(shape, key, from)
      }
      record[key] = this.#value()
      if (this.error !== '') return undefined
    }
    return record
  }

  #grow(shape: KeyShape, key: string, from: number): KeyShape | undefined {
    if (this.position - from > 40) return undefined
    return this.#shapes.grow(shape, key, copyBytes(this.#bytes, from, this.position))
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
    const slot = this.#keys.slot(this.#bytes, start, end)
    if (slot >= 0) {
      const known = this.#keys.find(slot, this.#bytes, start, end)
      if (known !== undefined) {
        this.position = end
        return known
      }
    }
    const text = this.#text(size, at)
    if (text === undefined) return undefined
    if (isForbiddenKey(text)) return this.#fail('forbidden-key', at)
    if (slot >= 0) this.#keys.keep(slot, this.#bytes, start, end, text)
    return text
  }

  #mapObject(count: number): Map<unknown, unknown> | undefined {
    const map = new Map<unknown, unknown>()
    for (let index = 0; index < count; index++) {
      const at = this.position
      const key = this.#anyKey()
      if (this.error !== '') return undefined
      if (map.has(key)) return this.#fail('duplicate-key', at)
      const value = this.#value()
      if (this.error !== '') return undefined
      map.set(key, value)
    }
    return map
  }

  /** Text or another scalar: what `Map` compares by value, so that two equal keys cannot pass for different ones. */
  #anyKey(): unknown {
    const head = this.position < this.#end ? this.#bytes[this.position] : 0xa0
    if ((head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb)) return this.#key()
    const isNumber = head < 0x80 || head >= 0xe0 || (head >= 0xca && head <= 0xd3)
    if (isNumber || (head >= 0xc0 && head <= 0xc3)) return this.#value()
    return this.#fail('bad-key', this.position)
  }

  #extension(size: number, at: number): unknown {
    if (size + 1 > this.#end - this.position) return this.#fail('truncated', at)
    const type = (this.#bytes[this.position++] << 24) >> 24
    const start = this.position
    this.position = start + size
    if (type === TIMESTAMP_TYPE) {
      const timestamp = readTimestamp(this.#view, start, size)
      const value = timestamp && this.#timestamps === 'date' ? dateOf(timestamp) : timestamp
      return value === undefined ? this.#fail('bad-timestamp', at) : value
    }
    const extension = this.#extensions.get(type)
    if (extension === undefined) return this.#fail('unknown-extension', at)
    if (size > this.#limits.extSizeMax) return this.#fail('extension-over-limit', at)
    return this.#decoded(extension, copyBytes(this.#bytes, start, start + size), at)
  }

  /** Calls foreign code, which may throw, and may even use this very reader. */
  #decoded(extension: MsgpackExtension, data: Uint8Array, at: number): unknown {
    const { position } = this
    const [bytes, view, end, depth, nodesLeft] = [
      this.#bytes,
      this.#view,
      this.#end,
      this.#depth,
      this.#nodesLeft,
    ]
    let value: unknown
    let error: '' | MsgpackErrorCode = ''
    try {
      value = extension.decode(data)
    } catch {
      error = 'extension-failed'
    }
    this.#bytes = bytes
    this.#view = view
    this.#end = end
    this.#depth = depth
    this.#nodesLeft = nodesLeft
    this.error = error
    this.position = error === '' ? position : at
    return value
  }
}
