export { BitseryError, type BitseryErrorCode, type ReadErrorCode, readErrorText } from './base/errors.ts'
export type { Descriptor, IntegerName, Json, NumberName, PointerKind, WholeJson } from './base/grammar.ts'
export { Source, type Target, targetOf } from './bytes/source.ts'
export {
  type ChangeKind,
  type DiffOptions,
  diff,
  diffDescriptors,
  formatDiff,
  type SchemaChange,
  type SchemaDiff,
  type WireEffect,
} from './diff/diff.ts'
export type {
  Decoded,
  Fields,
  Infer,
  InferFields,
  NoValue,
  Schema,
  SchemaField,
  SchemaOptions,
  SchemaSettings,
  Shape,
} from './schema/schema.ts'
export { isSchema } from './schema/schema.ts'
export type { StandardIssue, StandardProps, StandardResult } from './schema/standard.ts'
export type { View } from './schema/view.ts'
export { array, fixedArray, queue, stack } from './types/array.ts'
export { base, virtualBase } from './types/base.ts'
export { align, bits, rawBits } from './types/bits.ts'
export { bitset } from './types/bitset.ts'
export { bool } from './types/bool.ts'
export { bytes, fixedBytes } from './types/bytes.ts'
export { compact, compactChecked } from './types/compact.ts'
export { entropy } from './types/entropy.ts'
export { type EnumerationOptions, enumeration, enumNumber, enumOf } from './types/enumeration.ts'
export { growable } from './types/growable.ts'
export { map, multimap } from './types/map.ts'
export {
  duration,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  safeI64,
  safeU64,
  timePoint,
  u8,
  u16,
  u32,
  u64,
} from './types/number.ts'
export { type OptionalOptions, optional } from './types/optional.ts'
export {
  type PointedObject,
  type Pointer,
  type PointerOptions,
  type PointerReference,
  type PolymorphicPointer,
  pointer,
  polymorphic,
  polymorphicOf,
} from './types/pointer.ts'
export { range } from './types/range.ts'
export { type FloatSteps, rangeFloat } from './types/range-float.ts'
export { multiset, set } from './types/set.ts'
export { shapeSchema, struct, structOf } from './types/struct.ts'
export { fixedText, type TextOptions, type TextValue, text } from './types/text.ts'
export { tuple } from './types/tuple.ts'
export { variant, variantOf } from './types/variant.ts'
