export { array, fixedArray } from './array.ts'
export { bool } from './bool.ts'
export { bytes, fixedBytes } from './bytes.ts'
export { type EnumerationOptions, enumeration, enumNumber, enumOf } from './enumeration.ts'
export { BitseryError, type ReadErrorCode } from './errors.ts'
export type { Descriptor, IntegerName, NumberName } from './grammar.ts'
export { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from './number.ts'
export { type OptionalOptions, optional } from './optional.ts'
export type {
  Decoded,
  Fields,
  Infer,
  InferFields,
  Schema,
  SchemaField,
  SchemaOptions,
  Shape,
} from './schema.ts'
export { isSchema } from './schema.ts'
export { Source, type Target, targetOf } from './source.ts'
export { shapeSchema, struct, structOf } from './struct.ts'
export { fixedText, type TextOptions, type TextValue, text } from './text.ts'
