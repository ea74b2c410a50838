import type { Issue } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'

/** The fewest and the most bits that values of a node take. `max` may be Infinity. */
export interface BitBounds {
  readonly min: number
  readonly max: number
  /** Whether all values take a multiple of 8 bits. */
  readonly isWhole: boolean
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
  /** What lies in place in bit packing or in a base; other types have none. */
  readonly content?: Node
  /** What every element of an array is; other types have none. */
  readonly element?: Node
  /** What is to be known of it before it is used; left out where there is nothing. */
  readonly traits?: Traits
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
  /**
   * What a value may take of memory (`nodes/memory.ts`) beyond `perBit` bytes for each bit it takes, and beyond what compiled code charges for
   * the elements of arrays, maps and sets: never more than this, and less than nothing for what is cheap.
   */
  surplus(packed: boolean, perBit: number): number
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

/** The bounds of a node that always takes the same number of bits. */
export function fixedBounds(bits: number): BitBounds {
  return { min: bits, max: bits, isWhole: bits % 8 === 0 }
}

/** The bounds of nodes one after the other. */
export function sumOf(bounds: readonly BitBounds[]): BitBounds {
  let min = 0
  let max = 0
  let isWhole = true
  for (const part of bounds) {
    min += part.min
    max += part.max
    isWhole &&= part.isWhole
  }
  return { min, max, isWhole: min === max ? min % 8 === 0 : isWhole }
}

/** The bounds of `min` to `max` values one after the other. */
export function repeated(of: BitBounds, min: number, max: number): BitBounds {
  // Nothing times an unlimited size is nothing.
  const bits = { min: min === 0 ? 0 : min * of.min, max: max === 0 ? 0 : max * of.max }
  return { ...bits, isWhole: bits.min === bits.max ? bits.min % 8 === 0 : of.isWhole }
}

/** Where a node that is read ends, which begins at the bit `start`, if that is the same for all values. Bit 0 is the first of a byte. */
export function endOf(node: Node, packed: boolean, start: number): number | undefined {
  const wholeByte = (bit: number): number => Math.ceil(bit / 8) * 8
  if (node.kind === 'align') return packed ? wholeByte(start) : start
  if (node.content !== undefined) {
    const isPacking = node.kind === 'bits' && !packed
    const end = endOf(node.content, packed || isPacking, start)
    return isPacking && end !== undefined ? wholeByte(end) : end
  }
  if (node.fields === undefined) {
    const { min, max } = node.bounds(packed)
    return min === max && node.traits?.hasGrowables !== true ? start + min : undefined
  }
  let end: number | undefined = start
  for (const field of node.fields) {
    if (end === undefined) return undefined
    end = endOf(field.node, packed, end)
  }
  return end
}

/** What writes and reads by a schema and compiles it. Nodes bring what the plain ones lack, so that other schemas need none of that code. */
export interface Machines {
  readonly ByteWriter: typeof ByteWriter
  readonly ByteReader: typeof ByteReader
  readonly WriteEmitter: typeof WriteEmitter
  readonly ReadEmitter: typeof ReadEmitter
}

/** What is said of a node by what it is or holds. */
export interface Traits {
  /** The type in here that can only lie inside bit packing and does not yet, or `''`. */
  readonly needsBits: string
  /** Whether there are pointers: those are always interpreted. */
  readonly hasPointers: boolean
  /** Whether there are growables: what is read of those may be shorter or longer than what is written. */
  readonly hasGrowables: boolean
  /** What must stand in for the plain machines: there is bit packing in here, or a growable. */
  readonly machines: Partial<Machines>
}

/** The traits of most nodes. */
export const NO_TRAITS: Traits = {
  needsBits: '',
  hasPointers: false,
  hasGrowables: false,
  machines: {},
}

/** The traits of a node that holds others. */
export function traitsOf(nodes: readonly Node[]): Traits {
  const all = nodes.map(({ traits }) => traits ?? NO_TRAITS)
  return {
    needsBits: all.map(({ needsBits }) => needsBits).find((kind) => kind !== '') ?? '',
    hasPointers: all.some(({ hasPointers }) => hasPointers),
    hasGrowables: all.some(({ hasGrowables }) => hasGrowables),
    machines: Object.assign({}, ...all.map(({ machines }) => machines)) as Partial<Machines>,
  }
}
