import type { Descriptor, PointerKind } from '../base/grammar.ts'
import type { ChangeKind, WireEffect } from './change.ts'
import { bitLength, type Layout, type Whole } from './layout.ts'
import { floatBits } from './position.ts'

/** The kind of a change between numbers, or what lies in bytes like them. */
export function wholeKind(from: Descriptor, to: Descriptor): ChangeKind {
  if (from.t === 'range' && to.t === 'range' && from.of === to.of) return 'range-changed'
  return from.t === to.t && (from.t === 'rawBits' || from.t === 'bitset') ? 'length-changed' : 'type-changed'
}

/** What `reader` makes of whole numbers, or of what lies in bytes like them, that `writer` wrote. */
export function readWhole(writer: Whole, reader: Whole, isLittle: boolean): WireEffect {
  if (writer.bits !== reader.bits || writer.offset !== reader.offset) return 'breaks'
  if (!isLittle && writer.bits > 8 && writer.isOrdered !== reader.isOrdered) return 'breaks'
  const isSignChanged = writer.isSigned !== reader.isSigned
  if (writer.values !== undefined && reader.values !== undefined) {
    // Numbers without a name are refused, so they need not mean the same.
    const effect = readValues(writer.values, reader.values)
    return isSignChanged && effect === 'none' ? 'limited' : effect
  }
  if (isSignChanged && writer.bits > 0) {
    const half = 1n << BigInt(writer.bits - 1)
    const listed = writer.values ?? reader.values
    if (listed?.every(([, raw]) => raw < half) === true) return 'limited'
    const isSame = writer.isSigned
      ? reader.rawMax < half && reader.excess === 'refused'
      : writer.rawMax < half
    if (!isSame) return 'breaks'
  }
  if (writer.rawMax > reader.rawMax) return reader.excess === 'refused' ? 'limited' : 'breaks'
  return reader.values === undefined ? 'none' : 'limited'
}

type Values = readonly (readonly [name: string, raw: bigint])[]

/** A number that the reader knows by another name is a renaming, unless one of the names means another number. */
function readValues(writer: Values, reader: Values): WireEffect {
  let effect: WireEffect = 'none'
  const numbersIn = (values: Values, name: string): bigint[] =>
    values.filter((value) => value[0] === name).map(([, raw]) => raw)
  for (const [name, raw] of writer) {
    const names = reader.filter((value) => value[1] === raw).map(([of]) => of)
    if (names.length === 0) effect = 'limited'
    else if (!names.includes(name)) {
      const isElsewhere = numbersIn(reader, name).length > 0
      const isReused = names.some((of) => numbersIn(writer, of).some((number) => number !== raw))
      if (isElsewhere || isReused) return 'breaks'
    }
  }
  return effect
}

type Compact = Layout & { readonly form: 'compact' }

/** What `reader` makes of compact values of `writer`: small ones are the same in all widths. */
export function readCompact(writer: Compact, reader: Compact): WireEffect {
  if (writer.isSigned !== reader.isSigned) return 'breaks'
  if (writer.bits <= reader.bits) return 'none'
  return reader.isChecked ? 'limited' : 'breaks'
}

/** What `reader` makes of floats in a range of `writer`: the slightest change moves all values. */
export function readRangeFloat(
  writer: Descriptor & { readonly t: 'rangeFloat' },
  reader: Descriptor & { readonly t: 'rangeFloat' },
): WireEffect {
  const round = writer.of === 'f32' ? Math.fround : Number
  const isSame =
    writer.of === reader.of &&
    round(writer.min) === round(reader.min) &&
    round(writer.max) === round(reader.max) &&
    floatBits(writer) === floatBits(reader)
  return isSame ? 'none' : 'breaks'
}

/** What the table of `reader` makes of an index into that of `writer`; the values are given as text. */
export function readCommonValues(writer: readonly string[], reader: readonly string[]): WireEffect {
  const count = Math.min(writer.length, reader.length)
  for (let i = 0; i < count; i++) if (writer[i] !== reader[i]) return 'breaks'
  if (bitLength(BigInt(writer.length)) !== bitLength(BigInt(reader.length))) return 'breaks'
  return writer.length > reader.length ? 'limited' : 'none'
}

/** What `reader` makes of a set of so many bits of `writer`. */
export function readBitset(writer: number, reader: number, isPacked: boolean): WireEffect {
  if (writer === reader) return 'none'
  if (isPacked || Math.ceil(writer / 8) !== Math.ceil(reader / 8)) return 'breaks'
  return writer < reader ? 'none' : 'breaks'
}

/** Pointers that write their object always, at its first mention, or never. */
const CONTENT: { readonly [kind in PointerKind]: 'always' | 'once' | 'never' } = {
  owner: 'always',
  unique: 'always',
  referenced: 'always',
  shared: 'once',
  weak: 'once',
  observer: 'never',
}

/** What a pointer of one kind makes of bytes of another; whether null is allowed is looked at elsewhere. */
export function readPointer(writer: PointerKind, reader: PointerKind): WireEffect {
  if (CONTENT[writer] === CONTENT[reader]) return 'none'
  // An object that has one owner is mentioned once.
  return CONTENT[writer] === 'always' && CONTENT[reader] === 'once' && writer !== 'referenced'
    ? 'none'
    : 'breaks'
}
