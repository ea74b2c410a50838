import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Issue } from './errors.ts'
import type { Descriptor } from './grammar.ts'
import type { MeasureEmitter } from './measure-emitter.ts'
import type { ReadEmitter } from './read-emitter.ts'
import type { WriteEmitter } from './write-emitter.ts'

/** The fewest and the most bits that values of a node take. `max` may be Infinity. */
export interface BitBounds {
  readonly min: number
  readonly max: number
}

/**
 * What stands behind a schema: one type of the format, with everything there is to do with it. A type is one class in one
 * file; a schema is a tree of them. Two ways to write and read lie side by side: `write` and `read` do it step by step and
 * are the reference; `emit…` append JavaScript that does the same. Compiled code that meets something unusual (a value that
 * does not fit, bytes that end early, a size in an unusual spelling) gives up and lets the reference say what is right.
 */
export interface Node {
  /** The name of the type in the neutral grammar. */
  readonly kind: string
  /** The fields of a struct, in their order; other types have none. */
  readonly fields?: readonly FieldNode[]
  /** Sizes in bits: a bool is 8 bits outside bit packing and 1 inside (`packed`). */
  bounds(packed: boolean): BitBounds
  /** The neutral grammar of this node and all below. */
  descriptor(): Descriptor
  /** The first thing in `value` that does not fit. */
  check(value: unknown): Issue | undefined
  /** Writes a value that `check` has passed. */
  write(writer: ByteWriter, value: unknown): void
  /** Reads a value; after an error (`reader.error`) the result means nothing. */
  read(reader: ByteReader): unknown
  /** Appends code that checks and writes the value that the expression `value` gives. */
  emitWrite(emitter: WriteEmitter, value: string): void
  /** Appends code that adds the size of the value that the expression `value` gives. */
  emitMeasure(emitter: MeasureEmitter, value: string): void
  /** Appends code that reads, and returns the expression of what was read. */
  emitRead(emitter: ReadEmitter): string
}

/** A field of a struct. */
export interface FieldNode {
  readonly name: string
  readonly node: Node
}

/** The size of a node in whole bytes outside bit packing, if it is always the same. */
export function fixedSize(node: Node): number | undefined {
  const { min, max } = node.bounds(false)
  return min === max ? min / 8 : undefined
}
