import type { Descriptor } from '../base/grammar.ts'
import type { Schema } from '../schema/schema.ts'
import { type SchemaChange, type WireEffect, worst } from './change.ts'
import { contains } from './parts.ts'
import { DescriptorWalk } from './walk.ts'

export type { ChangeKind, SchemaChange, WireEffect } from './change.ts'

/** All that differs between two schemas, and what it means for bytes in either direction. */
export interface SchemaDiff {
  /** In the order of the fields, more or less. Empty: the same bytes hold the same values. */
  readonly changes: readonly SchemaChange[]
  /** The most harmful of all changes for a reader with the new schema and bytes of the old one. */
  readonly newReadsOld: WireEffect
  /** The most harmful of all changes for a reader with the old schema and bytes of the new one. */
  readonly oldReadsNew: WireEffect
}

/** What schemas know that descriptors do not. */
export interface DiffOptions {
  /** The byte orders of the old and the new schema. Default little, both. */
  readonly byteOrders?: readonly [from: 'little' | 'big', to: 'little' | 'big'] | undefined
  /** Stands before all paths. Default `''`. */
  readonly name?: string | undefined
}

/**
 * What edits made `to` out of `from`, and which of them break the wire. For a test that guards a protocol:
 * `diff(released, current).oldReadsNew !== 'breaks'`.
 *
 * Fields are known by their names, alternatives of variants by their index. `'none'`, `'compatible'` and `'limited'` are
 * promises. `'breaks'` is also said of edits that agree in their bytes by chance alone, such as bits that fit into padding.
 * Options of schemas that are in no descriptor (how unlisted numbers of an enumeration are read) aren't compared, but the
 * byte order is.
 */
export function diff(from: Schema<unknown>, to: Schema<unknown>): SchemaDiff {
  return diffDescriptors(from.descriptor, to.descriptor, {
    byteOrders: [from.options.byteOrder, to.options.byteOrder],
    name: to.options.name,
  })
}

/** As `diff`, of descriptors: nothing but data. They must be of the grammar. */
export function diffDescriptors(from: Descriptor, to: Descriptor, options?: DiffOptions): SchemaDiff {
  const [fromOrder, toOrder] = options?.byteOrders ?? ['little', 'little']
  const name = options?.name ?? ''
  const walk = new DescriptorWalk(fromOrder === 'little' && toOrder === 'little')
  if (fromOrder !== toOrder) {
    const effect = contains(from, hasOrder) || contains(to, hasOrder) ? 'breaks' : 'none'
    walk.changes.push({
      path: name,
      kind: 'byte-order-changed',
      was: fromOrder,
      is: toOrder,
      newReadsOld: effect,
      oldReadsNew: effect,
    })
  }
  walk.start(name, from, to)
  const { changes } = walk
  return {
    changes,
    newReadsOld: worst(...changes.map(({ newReadsOld }) => newReadsOld)),
    oldReadsNew: worst(...changes.map(({ oldReadsNew }) => oldReadsNew)),
  }
}

/** Whether its own bytes follow the byte order. */
function hasOrder(of: Descriptor): boolean {
  switch (of.t) {
    case 'u8':
    case 'i8':
      return false
    case 'enum':
      return of.size > 1
    case 'text':
    case 'fixedText':
      return of.char > 1 || hasLongPrefix(of.t === 'text' ? of.max : of.n - 1)
    case 'array':
    case 'queue':
    case 'stack':
    case 'map':
    case 'set':
      return hasLongPrefix(of.max)
    case 'growable':
      return true
    default:
      return /^[uif]\d+$/.test(of.t)
  }
}

/** The size prefix of so many ends in a number of two bytes. */
function hasLongPrefix(max: number): boolean {
  return max >= 0x4000
}

const WORDS: { readonly [effect in WireEffect]: string } = {
  none: 'the same',
  compatible: 'compatible',
  limited: 'refuses some values',
  breaks: 'BREAKS',
}

/** A diff as text, one line a change, for logs and failing tests. */
export function formatDiff(diff: SchemaDiff): string {
  if (diff.changes.length === 0) return 'no changes'
  const total = `new reads old: ${WORDS[diff.newReadsOld]}; old reads new: ${WORDS[diff.oldReadsNew]}`
  return [...diff.changes.map(changeLine), total].join('\n')
}

function changeLine(change: SchemaChange): string {
  const { path, kind, was, is, newReadsOld, oldReadsNew } = change
  const effect =
    newReadsOld === oldReadsNew
      ? WORDS[newReadsOld]
      : `new reads old: ${WORDS[newReadsOld]}; old reads new: ${WORDS[oldReadsNew]}`
  return `${path === '' ? 'value' : path}: ${kind.replace('-', ' ')}, ${was} -> ${is} (${effect})`
}
