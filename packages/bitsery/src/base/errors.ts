/**
 * Why bytes could not be read. Four names are those of the C++ library; two are of what only this one limits: `MemoryLimit` (the value would
 * take too much memory for its bytes, see `memoryPerByteMax`) and `KeyCollisions` (numbers that were chosen to make a Map or a Set slow).
 */
export type ReadErrorCode =
  | 'DataOverflow'
  | 'InvalidData'
  | 'ReadingError'
  | 'InvalidPointer'
  | 'MemoryLimit'
  | 'KeyCollisions'

const READ_ERRORS: { readonly [code in ReadErrorCode]: string } = {
  DataOverflow: 'the bytes end too early',
  InvalidData: 'the bytes are of no value of the schema',
  ReadingError: 'the bytes could not be read',
  InvalidPointer: 'a pointer is null that must not be, or of no known class',
  MemoryLimit:
    'the value takes more memory than memoryPerByteMax allows for its bytes; where that is wanted: schema.with({ memoryPerByteMax })',
  KeyCollisions:
    'numbers that are keys collide in a hash table; where that is wanted: a multimap or a multiset',
}

/** What went wrong in a read, as a sentence: with what to do about it, where it isn't the bytes alone. */
export function readErrorText(code: ReadErrorCode): string {
  return READ_ERRORS[code]
}

/**
 * Why a `BitseryError` was thrown:
 * - `value-invalid`: a value, or its JSON, does not fit the schema;
 * - `schema-invalid`: a schema that can't be: a wrong argument, option or descriptor;
 * - `bytes-invalid`: a view met bytes that are too few, or wrong. (`read` and `decode` don't throw: they have a `ReadErrorCode`.)
 */
export type BitseryErrorCode = 'value-invalid' | 'schema-invalid' | 'bytes-invalid'

/** One place where a value does not fit its schema. */
export interface Issue {
  /** Field names and array indices from the root to the place. */
  readonly path: (string | number)[]
  /** What the schema asks for there, as a phrase: `a number`. */
  readonly wanted: string
  /** What was there, as a phrase: `undefined`, `text of 300 bytes`. */
  readonly got: string
}

/**
 * The one error of this package: a value that does not fit its schema, a schema that can't be, or bytes that a view can't show.
 * `code` says which; the message names the place, what is wanted there, and what was found.
 */
export class BitseryError extends Error {
  override readonly name = 'BitseryError'
  readonly code: BitseryErrorCode
  /** The place in the value, as in `path[3].x`; empty for the whole value. */
  readonly path: string
  /** What would have been right. */
  readonly wanted: string
  /** What was found instead. */
  readonly got: string

  constructor(path: string, wanted: string, got: string, code: BitseryErrorCode = 'schema-invalid') {
    super(`${path || 'value'}: ${wanted === '' ? code : `wanted ${wanted}, got ${got}`}`)
    this.code = code
    this.path = path
    this.wanted = wanted
    this.got = got
  }
}

/** The error of an issue, its path under `root` if the schema has a name. */
export function errorOf(issue: Issue, root: string, code: BitseryErrorCode = 'value-invalid'): BitseryError {
  return new BitseryError(pathText(root, issue.path), issue.wanted, issue.got, code)
}

/** Refuses an argument that is no list. */
export function expectList(what: string, wanted: string, value: unknown): void {
  if (!Array.isArray(value)) throw new BitseryError(what, wanted, phrase(value))
}

/** An issue at the place that is being looked at. */
export function issueAt(wanted: string, value: unknown): Issue {
  return { path: [], wanted, got: phrase(value) }
}

/** An issue as seen from one level further up. */
export function issueUnder(key: string | number, issue: Issue): Issue {
  issue.path.unshift(key)
  return issue
}

function pathText(root: string, path: readonly (string | number)[]): string {
  let text = root
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (!/^[A-Za-z_$][\w$]*$/.test(key)) text += `[${JSON.stringify(key)}]`
    else text += text === '' ? key : `.${key}`
  }
  return text
}

/** A value in a few words, for messages: never longer than a line. */
export function phrase(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 40
        ? `${JSON.stringify(value.slice(0, 40))}… (${value.length} characters)`
        : JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `an array of ${value.length}`
      if (value instanceof Uint8Array) return `${value.length} bytes`
      return 'an object'
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    default:
      return String(value)
  }
}
