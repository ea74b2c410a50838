/**
 * Why bytes could not be read or a value could not be written. One word for one cause, so that a session can
 * count them; `MsgpackError.message` and `MsgpackReader.errorText()` say the same as a sentence.
 */
export type MsgpackErrorCode =
  | 'truncated'
  | 'trailing-bytes'
  | 'reserved-byte'
  | 'depth-over-limit'
  | 'nodes-over-limit'
  | 'keys-over-limit'
  | 'keys-in-all-over-limit'
  | 'key-collisions'
  | 'memory-over-limit'
  | 'text-over-limit'
  | 'binary-over-limit'
  | 'extension-over-limit'
  | 'bad-text'
  | 'bad-key'
  | 'forbidden-key'
  | 'duplicate-key'
  | 'unknown-extension'
  | 'extension-failed'
  | 'bad-timestamp'
  | 'integer-out-of-range'
  | 'unsupported-value'
  | 'access-failed'
  | 'target-too-small'
  | 'bad-option'

const SENTENCES: Readonly<Record<MsgpackErrorCode, string>> = {
  truncated: 'the bytes end inside a value, or a size or count is larger than what is left',
  'trailing-bytes': 'bytes are left over after the value; pass exactly one value',
  'reserved-byte': 'the byte 0xc1 is never used in MessagePack',
  'depth-over-limit': 'containers are nested deeper than depthMax (a value that contains itself always is)',
  'nodes-over-limit': 'there are more values than nodesMax or nodesPerByteMax allow',
  'keys-over-limit': 'a map has more keys than keysMax',
  'keys-in-all-over-limit': 'all maps have more keys than keysInAllMax',
  'key-collisions': 'numbers that are keys of a map collide in its hash table; send an array of pairs',
  'memory-over-limit': 'the value takes more memory than memoryPerByteMax allows',
  'text-over-limit': 'a text has more UTF-8 bytes than textSizeMax',
  'binary-over-limit': 'binary data has more bytes than binarySizeMax',
  'extension-over-limit': 'extension data has more bytes than extSizeMax',
  'bad-text': 'text is not valid UTF-8 (or has half of a surrogate pair)',
  'bad-key': "a map key must be text; with the option maps: 'map' also a number, a boolean or nil",
  'forbidden-key': 'a map key must not be __proto__, constructor or prototype',
  'duplicate-key': 'a map has the same key twice',
  'unknown-extension': 'the extension type is not registered',
  'extension-failed': 'the extension codec threw or returned no Uint8Array',
  'bad-timestamp':
    "a timestamp has a wrong size or nanoseconds over 999999999, or is out of the range of Date, which the option timestamps: 'exact' allows",
  'integer-out-of-range': 'a bigint must lie between -(2^63) and 2^64 - 1',
  'unsupported-value':
    'functions, symbols and class instances cannot be written; use a plain object, Map, array, Uint8Array, Date or a registered extension',
  'access-failed': 'reading the value threw (a getter or a proxy)',
  'target-too-small': 'the value does not fit into the target; reserve measure(value) bytes',
  'bad-option': 'an option is out of its range',
}

/** A code and its place as a sentence: what was wrong, and where it is not obvious, what would be right. */
export function sentenceAt(code: MsgpackErrorCode, at: number): string {
  return messageFor(code, { offset: at })
}

/** Where an error was found, and what else is known of it. */
export interface MsgpackErrorPlace {
  /** Offset of the offending byte in what was read; absent when a value was being written. */
  readonly offset?: number
  /** Path of the offending value in what was written, as in `players[3].name`; absent when bytes were read. */
  readonly path?: string
  /** Says more than the general sentence, such as the limit that was passed. */
  readonly detail?: string
  /** What a getter, a proxy or an extension codec threw. */
  readonly cause?: unknown
}

/** The only error that this package throws. Reading through `MsgpackReader` throws nothing at all. */
export class MsgpackError extends Error {
  override readonly name = 'MsgpackError'
  readonly code: MsgpackErrorCode
  /** Byte offset when bytes were read, else -1. */
  readonly offset: number
  /** Path of the value when a value was written ('' is the value itself). */
  readonly path: string
  /** What else is known of it, such as the key that was refused; '' where the sentence for the code says all. */
  readonly detail: string

  constructor(code: MsgpackErrorCode, place: MsgpackErrorPlace = {}) {
    super(messageFor(code, place), place.cause === undefined ? undefined : { cause: place.cause })
    this.code = code
    this.offset = place.offset ?? -1
    this.path = place.path ?? ''
    this.detail = place.detail ?? ''
  }
}

function messageFor(code: MsgpackErrorCode, { offset, path, detail }: MsgpackErrorPlace): string {
  const more = detail === undefined ? '' : ` (${detail})`
  const at = offset === undefined ? '' : ` at byte ${offset}`
  const where = path === undefined ? '' : ` at ${path === '' ? 'the value itself' : path}`
  return `msgpack ${code}${at}${where}: ${SENTENCES[code]}${more}`
}
