import { RespError } from '../resp/resp-value.ts'

/** What a key may hold. Fields of hashes are spelled like keys. */
export type Stored = Uint8Array | Uint8Array[] | Map<string, Uint8Array>

/** What a key holds, in a word. */
export type StoredKind = 'string' | 'list' | 'hash'

interface Entry {
  value: Stored
  /** Milliseconds of the database's clock. */
  expiresAt: number
}

const never = Number.POSITIVE_INFINITY

/** Thrown by commands: the text is the error reply, beginning with its code. */
export class CommandError extends Error {
  readonly reply: RespError

  constructor(text: string) {
    super(text)
    this.name = 'CommandError'
    this.reply = new RespError(text)
  }
}

/** Bytes as a key: each byte is one character, so that any bytes may be one. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** The bytes of a key. */
export function bytesOfKey(key: string): Uint8Array {
  return new Uint8Array(Buffer.from(key, 'latin1'))
}

/** Keys and what they hold. A key is gone when its time is over, for every reader; nothing sweeps. */
export class Database {
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()

  /** `now`: milliseconds since whenever. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** How many keys there are. */
  get size(): number {
    for (const key of this.#entries.keys()) this.#live(key)
    return this.#entries.size
  }

  get(key: string): Stored | undefined {
    return this.#live(key)?.value
  }

  bytes(key: string): Uint8Array | undefined {
    return this.#ofKind(key, 'string') as Uint8Array | undefined
  }

  list(key: string): Uint8Array[] | undefined {
    return this.#ofKind(key, 'list') as Uint8Array[] | undefined
  }

  hash(key: string): Map<string, Uint8Array> | undefined {
    return this.#ofKind(key, 'hash') as Map<string, Uint8Array> | undefined
  }

  /** Sets what a key holds; what stood there is gone, with its time. */
  set(key: string, value: Stored, ttlMs = never): void {
    this.#entries.set(key, { value, expiresAt: this.#now() + ttlMs })
  }

  /** Changes what a key holds, and leaves its time as it is. */
  update(key: string, value: Stored): void {
    const entry = this.#live(key)
    if (entry === undefined) this.set(key, value)
    else entry.value = value
  }

  delete(key: string): boolean {
    return this.#live(key) !== undefined && this.#entries.delete(key)
  }

  /** Gives a key so many milliseconds from now on; `Infinity` takes its end away. False if there is no such key. */
  expire(key: string, ttlMs: number): boolean {
    const entry = this.#live(key)
    if (entry === undefined) return false
    entry.expiresAt = this.#now() + ttlMs
    this.#live(key)
    return true
  }

  /** The milliseconds that a key has left; -1 if it stays for ever, -2 if there is none. */
  ttlMs(key: string): number {
    const entry = this.#live(key)
    if (entry === undefined) return -2
    return entry.expiresAt === never ? -1 : entry.expiresAt - this.#now()
  }

  kind(key: string): StoredKind | 'none' {
    const entry = this.#live(key)
    return entry === undefined ? 'none' : kindOf(entry.value)
  }

  /** All keys, in the order in which they came. */
  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#live(key) !== undefined)
  }

  clear(): void {
    this.#entries.clear()
  }

  #ofKind(key: string, kind: StoredKind): Stored | undefined {
    const value = this.get(key)
    if (value === undefined || kindOf(value) === kind) return value
    throw new CommandError('WRONGTYPE Operation against a key holding the wrong kind of value')
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt > this.#now()) return entry
    this.#entries.delete(key)
    return undefined
  }
}

function kindOf(value: Stored): StoredKind {
  if (value instanceof Map) return 'hash'
  return Array.isArray(value) ? 'list' : 'string'
}
