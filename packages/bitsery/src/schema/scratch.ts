import type { ReadErrorCode } from '../base/errors.ts'
import { NO_IDS, Source } from '../bytes/source.ts'

/** The doors that encode and decode go through. */
interface Through<T> {
  readonly sizeMax: number
  readonly write: (value: T, target: Source, offset: number) => number
  readonly read: (source: Source, offset: number, end: number) => T
  readonly measure: (value: T) => number
}

type Outcome<T> =
  | {
      readonly ok: true
      readonly value: T
      readonly completed: boolean
      readonly position: number
      readonly unresolved?: readonly number[]
    }
  | {
      readonly ok: false
      readonly error: ReadErrorCode
      readonly completed: false
      readonly position: number
    }

const SCRATCH_SIZE = 16 * 1024
/** Scratch memory grows with what is encoded, up to this size. */
const SCRATCH_SIZE_MAX = 256 * 1024
// A DataView costs more to make than a small message costs to write or read: one is kept, over scratch memory.
let spare: Source | undefined

/** The scratch memory, taken away while in use: a getter of a value may encode something, too. */
function takeSpare(): Source {
  const scratch = spare ?? new Source(new Uint8Array(SCRATCH_SIZE))
  spare = undefined
  return scratch
}

/** Writes into scratch memory and copies what was written. What is too large for it is measured first. */
export function encodeWith<T>(schema: Through<T>, value: T): Uint8Array {
  const scratch = takeSpare()
  const { bytes } = scratch
  const end =
    schema.sizeMax <= bytes.length ? schema.write(value, scratch, 0) : attempt(schema, value, scratch)
  if (end < 0) return encodeLarge(schema, value)
  spare = scratch
  return bytes.slice(0, end)
}

/** Writes if there is room, else gives -1: past the end, a typed array ignores writes and a DataView throws RangeError. */
function attempt<T>(schema: Through<T>, value: T, scratch: Source): number {
  try {
    const end = schema.write(value, scratch, 0)
    return end <= scratch.bytes.length ? end : -1
  } catch (error) {
    if (error instanceof RangeError) return -1
    throw error
  }
}

function encodeLarge<T>(schema: Through<T>, value: T): Uint8Array {
  const size = schema.measure(value)
  const result = new Source(new Uint8Array(size))
  schema.write(value, result, 0)
  if (size <= SCRATCH_SIZE_MAX)
    spare = new Source(new Uint8Array(2 ** Math.ceil(Math.log2(Math.max(size, SCRATCH_SIZE)))))
  return result.bytes
}

/** Reads small messages from a copy in scratch memory, larger ones in place. */
export function decodeWith<T>(schema: Through<T>, bytes: Uint8Array): Outcome<T> {
  const size = bytes.length
  if (size > SCRATCH_SIZE) return outcomeOf(schema, new Source(bytes), size)
  const scratch = takeSpare()
  scratch.bytes.set(bytes)
  const outcome = outcomeOf(schema, scratch, size)
  spare = scratch
  return outcome
}

function outcomeOf<T>(schema: Through<T>, source: Source, size: number): Outcome<T> {
  source.unresolved = NO_IDS
  const value = schema.read(source, 0, size)
  const { error, position, unresolved } = source
  if (error !== '') return { ok: false, error, completed: false, position }
  if (unresolved.length === 0) return { ok: true, value, completed: position === size, position }
  return { ok: true, value, completed: position === size, position, unresolved }
}
