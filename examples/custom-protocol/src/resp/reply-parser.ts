import { asciiInteger } from './ascii-number.ts'
import { ByteStore } from './byte-store.ts'
import type { RespLimits } from './resp-limits.ts'
import { RespError, RespStatus, type RespValue, textOf } from './resp-value.ts'

const carriageReturn = 13
const lineFeed = 10

/** An array, map, set or push that still lacks elements. */
interface Open {
  readonly kind: 'array' | 'map' | 'set' | 'push' | 'attribute'
  readonly items: RespValue[]
  missing: number
}

/** A whole value. */
interface Found {
  readonly value: RespValue
  readonly isPush?: boolean
}

/** What a header is followed by. */
type Bulk = 'text' | 'error' | 'verbatim'

const aggregates: Readonly<Record<string, Open['kind']>> = {
  '*': 'array',
  '%': 'map',
  '~': 'set',
  '>': 'push',
  '|': 'attribute',
}

const bulks: Readonly<Record<string, Bulk>> = { $: 'text', '!': 'error', '=': 'verbatim' }

/**
 * Cuts a stream of bytes into replies, of both versions. Knows no socket and no command. `receive` stores, `next` moves to
 * the next whole reply. Attributes are read and left out. After a `violation` nothing more can be read.
 */
export class ReplyParser {
  value: RespValue = null
  /** The value at hand answers no command: the server said it by itself. */
  isPush = false
  /** What the peer did wrong. Set once, and for good. */
  violation: string | undefined

  readonly #limits: RespLimits
  readonly #store = new ByteStore()
  #open: Open[] = []
  #bulk: Bulk = 'text'
  #bulkSize = -1
  /** Bytes of the reply at hand that have left the store. */
  #taken = 0

  constructor(limits: RespLimits) {
    this.#limits = limits
  }

  /** Bytes that belong to no reply shown so far. */
  get stored(): number {
    return this.#store.size + this.#taken
  }

  /** Stores a chunk. Its bytes belong to the parser from now on. */
  receive(chunk: Uint8Array): void {
    if (this.violation === undefined && chunk.length > 0) this.#store.append(chunk)
  }

  /** Moves to the next whole reply. False when there is none yet, or after a violation. */
  next(): boolean {
    while (this.violation === undefined && this.#store.size > 0) {
      const found = this.#bulkSize < 0 ? this.#line() : this.#body()
      if (found === 'wait') return false
      if (found !== 'again' && this.#close(found)) return true
    }
    return false
  }

  release(): void {
    this.#store.clear()
    this.#open = []
    this.#taken = 0
    this.#bulkSize = -1
  }

  /** Reads one line: a whole value, or the header of one. */
  #line(): Found | 'again' | 'wait' {
    const store = this.#store
    const size = store.lineSize()
    if (size > this.#limits.lineSizeMax || (size < 0 && store.size > this.#limits.lineSizeMax + 1)) {
      return this.#violate(`a line of more than ${this.#limits.lineSizeMax} bytes`)
    }
    if (size < 0) return 'wait'
    const { bytes, start } = store
    if (size === 0 || bytes[start + size] !== carriageReturn)
      return this.#violate('a line without a type or CRLF')
    const type = String.fromCharCode(bytes[start])
    const number = asciiInteger(bytes, start + 1, start + size)
    const content = bytes.subarray(start + 1, start + size)
    const aggregate = aggregates[type]
    const bulk = bulks[type]
    let found: Found | 'again' | 'wait'
    if (aggregate !== undefined) found = this.#begin(aggregate, number)
    else if (bulk !== undefined) found = this.#beginBulk(bulk, number)
    else {
      const value = number !== undefined && type === ':' ? number : readScalar(type, content)
      found = value === undefined ? this.#violate(`a malformed value of type '${type}'`) : { value }
    }
    if (this.violation !== undefined) return 'wait'
    store.consume(size + 2)
    return this.#account(size + 2) ?? found
  }

  #body(): Found | 'wait' {
    const store = this.#store
    const size = this.#bulkSize
    if (store.size < size + 2) return 'wait'
    const end = store.start + size
    if (store.bytes[end] !== carriageReturn || store.bytes[end + 1] !== lineFeed) {
      return this.#violate('a bulk string without CRLF behind it')
    }
    // A verbatim text begins with its kind: `txt:`.
    const isVerbatim = this.#bulk === 'verbatim'
    const bytes = store.copy(isVerbatim ? Math.min(4, size) : 0, size)
    store.consume(size + 2)
    this.#bulkSize = -1
    return this.#account(size + 2) ?? { value: this.#bulk === 'error' ? new RespError(textOf(bytes)) : bytes }
  }

  #begin(kind: Open['kind'], count: number | undefined): Found | 'again' | 'wait' {
    const { elementCountMax, depthMax } = this.#limits
    if (kind === 'array' && count === -1) return { value: null }
    if (count === undefined || count < 0 || count > elementCountMax)
      return this.#violate(`a malformed ${kind} length`)
    if (kind === 'push' && this.#open.length > 0) return this.#violate('a push inside another value')
    if (this.#open.length >= depthMax) return this.#violate(`values nested deeper than ${depthMax}`)
    const missing = kind === 'map' || kind === 'attribute' ? count * 2 : count
    this.#open.push({ kind, items: [], missing })
    return missing > 0 ? 'again' : this.#finishTop()
  }

  #beginBulk(kind: Bulk, size: number | undefined): Found | 'again' | 'wait' {
    const { bulkSizeMax, messageSizeMax } = this.#limits
    if (kind === 'text' && size === -1) return { value: null }
    const isOver = size === undefined || size > bulkSizeMax || this.#taken + size > messageSizeMax
    if (isOver || size < 0) return this.#violate('a malformed bulk length')
    this.#bulk = kind
    this.#bulkSize = size
    return 'again'
  }

  /** A value is whole: puts it where it belongs. True when that was the outermost one. */
  #close(whole: Found): boolean {
    let { value, isPush } = whole
    for (let top = this.#open.at(-1); top !== undefined; top = this.#open.at(-1)) {
      top.items.push(value)
      if (--top.missing > 0) return false
      const finished = this.#finishTop()
      if (finished === 'again') return false
      value = finished.value
      isPush = finished.isPush
    }
    this.value = value
    this.isPush = isPush === true
    this.#taken = 0
    return true
  }

  #finishTop(): Found | 'again' {
    const { kind, items } = this.#open.pop()!
    if (kind === 'attribute') return 'again'
    if (kind === 'set') return { value: new Set(items) }
    if (kind !== 'map') return { value: items, isPush: kind === 'push' }
    const map = new Map<RespValue, RespValue>()
    for (let index = 0; index < items.length; index += 2) map.set(items[index], items[index + 1])
    return { value: map }
  }

  #account(size: number): 'wait' | undefined {
    this.#taken += size
    if (this.#taken <= this.#limits.messageSizeMax) return undefined
    return this.#violate(`a reply of more than ${this.#limits.messageSizeMax} bytes`)
  }

  #violate(what: string): 'wait' {
    this.violation = what
    this.release()
    return 'wait'
  }
}

/** Undefined for what is none. */
function readScalar(type: string, content: Uint8Array): RespValue | undefined {
  const text = textOf(content)
  switch (type) {
    case '+':
      return new RespStatus(text)
    case '-':
      return new RespError(text)
    case ':':
    case '(':
      return /^[+-]?\d{1,400}$/.test(text) ? narrow(BigInt(text.replace('+', '')), type) : undefined
    case '_':
      return text === '' ? null : undefined
    case '#':
      return text === 't' ? true : text === 'f' ? false : undefined
    case ',':
      return readDouble(text)
    default:
      return undefined
  }
}

function narrow(value: bigint, type: string): number | bigint {
  return type === ':' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function readDouble(text: string): number | undefined {
  if (text === 'inf') return Number.POSITIVE_INFINITY
  if (text === '-inf') return Number.NEGATIVE_INFINITY
  if (text === 'nan') return Number.NaN
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined
}
