export { array, fixedArray, queue, stack } from './array.ts'
export { base, virtualBase } from './base.ts'
export { align, bits, rawBits } from './bits.ts'
export { bitset } from './bitset.ts'
export { bool } from './bool.ts'
export { bytes, fixedBytes } from './bytes.ts'
export { compact, compactChecked } from './compact.ts'
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
export { entropy } from './entropy.ts'
export { type EnumerationOptions, enumeration, enumNumber, enumOf } from './enumeration.ts'
export { BitseryError, type ReadErrorCode } from './errors.ts'
export type { Descriptor, IntegerName, Json, NumberName, PointerKind, WholeJson } from './grammar.ts'
export { growable } from './growable.ts'
export { map, multimap } from './map.ts'
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
} from './number.ts'
export { type OptionalOptions, optional } from './optional.ts'
export {
  type PointedObject,
  type Pointer,
  type PointerOptions,
  type PointerReference,
  type PolymorphicPointer,
  pointer,
  polymorphic,
  polymorphicOf,
} from './pointer.ts'
export { range } from './range.ts'
export { type FloatSteps, rangeFloat } from './range-float.ts'
export type {
  Decoded,
  Fields,
  Infer,
  InferFields,
  NoValue,
  Schema,
  SchemaField,
  SchemaOptions,
  Shape,
} from './schema.ts'
export { isSchema } from './schema.ts'
export { multiset, set } from './set.ts'
export { Source, type Target, targetOf } from './source.ts'
export type { StandardIssue, StandardProps, StandardResult } from './standard.ts'
export { shapeSchema, struct, structOf } from './struct.ts'
export { fixedText, type TextOptions, type TextValue, text } from './text.ts'
export { tuple } from './tuple.ts'
export { variant, variantOf } from './variant.ts'
export type { View } from './view.ts'
