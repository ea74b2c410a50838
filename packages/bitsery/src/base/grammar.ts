/** The neutral grammar of schemas: plain JSON, one object a schema. Says what is on the wire, and nothing else. */

/** Names of the integer types. */
export type IntegerName = 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64'
/** Names of the integer and float types. */
export type NumberName = IntegerName | 'f32' | 'f64'
/** A whole number as JSON: 64-bit types give decimal text, all others numbers. */
export type WholeJson = number | string
/** How a C++ pointer owns what it points to. */
export type PointerKind = 'owner' | 'unique' | 'shared' | 'weak' | 'observer' | 'referenced'

/** A schema as plain JSON. */
export type Descriptor =
  | { readonly t: NumberName }
  | { readonly t: 'bool' }
  | {
      readonly t: 'enum'
      readonly size: 1 | 2 | 4 | 8
      readonly signed?: boolean
      /** The names and their numbers (decimal text for size 8), where they are known. Not on the wire. */
      readonly values?: readonly (readonly [name: string, value: WholeJson])[]
    }
  | { readonly t: 'text'; readonly max: number; readonly char: 1 | 2 | 4 }
  | { readonly t: 'fixedText'; readonly n: number; readonly char: 1 | 2 | 4 }
  | { readonly t: 'array' | 'queue' | 'stack'; readonly max: number; readonly of: Descriptor }
  | { readonly t: 'fixedArray'; readonly n: number; readonly of: Descriptor }
  | { readonly t: 'struct'; readonly fields: readonly (readonly [name: string, of: Descriptor])[] }
  | { readonly t: 'optional'; readonly of: Descriptor; readonly align: boolean }
  | { readonly t: 'bits' | 'growable' | 'base'; readonly of: Descriptor }
  | { readonly t: 'align' }
  | { readonly t: 'rawBits'; readonly n: number }
  | { readonly t: 'range'; readonly of: IntegerName; readonly min: WholeJson; readonly max: WholeJson }
  | ({
      readonly t: 'rangeFloat'
      readonly of: 'f32' | 'f64'
      readonly min: number
      readonly max: number
    } & ({ readonly bits: number } | { readonly precision: number }))
  | {
      readonly t: 'entropy'
      readonly of: Descriptor
      readonly values: readonly Json[]
      readonly align: boolean
    }
  | { readonly t: 'compact' | 'compactChecked'; readonly of: IntegerName }
  | {
      readonly t: 'map'
      readonly max: number
      readonly key: Descriptor
      readonly value: Descriptor
      readonly multi?: boolean
    }
  | { readonly t: 'set'; readonly max: number; readonly of: Descriptor; readonly multi?: boolean }
  | { readonly t: 'tuple'; readonly of: readonly Descriptor[] }
  | {
      readonly t: 'variant'
      readonly of: readonly Descriptor[]
      /** The names of the alternatives, where they have some. Not on the wire. */
      readonly names?: readonly string[]
    }
  | { readonly t: 'bitset'; readonly n: number }
  | { readonly t: 'duration' | 'timePoint'; readonly of: NumberName }
  | { readonly t: 'virtualBase'; readonly id: string; readonly of: Descriptor }
  | { readonly t: 'ptr'; readonly kind: PointerKind; readonly of: Descriptor; readonly notNull?: boolean }
  | {
      readonly t: 'poly'
      readonly kind: Exclude<PointerKind, 'referenced'>
      readonly of: readonly (readonly [type: string, of: Descriptor])[]
      readonly notNull?: boolean
    }

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
