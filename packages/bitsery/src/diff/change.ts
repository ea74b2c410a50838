/**
 * What becomes of bytes that another version of a schema wrote, from harmless to harmful:
 *
 * - `'none'`: the same bytes hold the same values.
 * - `'compatible'`: the values that both versions know are the same. What is new is read as zeros, what is unknown is
 *   skipped. Only inside `growable`.
 * - `'limited'`: every value that is read is right, but some values are refused (a lowered limit, an unlisted number).
 * - `'breaks'`: values are misread, refused always, or leave bytes behind.
 */
export type WireEffect = 'none' | 'compatible' | 'limited' | 'breaks'

/** What was edited. A field is also an element of a tuple, an alternative also a type of a polymorphic pointer. */
export type ChangeKind =
  | 'field-added'
  | 'field-removed'
  | 'field-renamed'
  | 'field-moved'
  /** Fields were put into a struct, taken out of one, or both, without a change of what lies in the bytes. */
  | 'fields-regrouped'
  | 'type-changed'
  /** The most elements or units of something with its size on the wire. */
  | 'limit-raised'
  | 'limit-lowered'
  /** The count of something without its size on the wire. */
  | 'length-changed'
  /** The names or numbers of an enumeration, or the common values of an entropy table. */
  | 'values-changed'
  | 'range-changed'
  | 'align-changed'
  /** Whether a pointer may be null. */
  | 'null-changed'
  | 'alternative-added'
  | 'alternative-removed'
  | 'alternative-renamed'
  | 'byte-order-changed'

/** One edit between two schemas, and what it does to bytes. */
export interface SchemaChange {
  /** Where, as in `monster.path[].x`: `[]` is any element, `[1]` that of a tuple, `<1>` an alternative. Empty: the whole. */
  readonly path: string
  readonly kind: ChangeKind
  /** What was there, in words. */
  readonly was: string
  /** What is there now, in words. */
  readonly is: string
  /** What the new schema makes of bytes of the old one. */
  readonly newReadsOld: WireEffect
  /** What the old schema makes of bytes of the new one. */
  readonly oldReadsNew: WireEffect
}

/** What an edit does, both ways. */
export interface Effects {
  readonly newReadsOld: WireEffect
  readonly oldReadsNew: WireEffect
}

const HARM: readonly WireEffect[] = ['none', 'compatible', 'limited', 'breaks']

/** The most harmful of these; `'none'` of none. */
export function worst(...effects: readonly WireEffect[]): WireEffect {
  return effects.reduce((a, b) => (HARM.indexOf(a) >= HARM.indexOf(b) ? a : b), 'none')
}

/** The same effect both ways. */
export function bothWays(effect: WireEffect): Effects {
  return { newReadsOld: effect, oldReadsNew: effect }
}

/** The effects of a pair, from a function that tells what a reader makes of the bytes of a writer. */
export function eachWay<T>(from: T, to: T, read: (writer: T, reader: T) => WireEffect): Effects {
  return { newReadsOld: read(from, to), oldReadsNew: read(to, from) }
}
