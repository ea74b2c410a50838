/** The neutral grammar of schemas: plain JSON, one object a schema. Says what is on the wire, and nothing else. */

/** Names of the integer types. */
export type IntegerName = 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64'
/** Names of the integer and float types. */
export type NumberName = IntegerName | 'f32' | 'f64'

/** A schema as plain JSON. */
export type Descriptor =
  | { readonly t: NumberName }
  | { readonly t: 'bool' }
  | {
      readonly t: 'enum'
      readonly size: 1 | 2 | 4 | 8
      readonly signed?: boolean
      /** The names and their numbers (decimal text for size 8), where they are known. Not on the wire. */
      readonly values?: readonly (readonly [name: string, value: number | string])[]
    }
  | { readonly t: 'text'; readonly max: number; readonly char: 1 | 2 | 4 }
  | { readonly t: 'fixedText'; readonly n: number; readonly char: 1 | 2 | 4 }
  | { readonly t: 'array'; readonly max: number; readonly of: Descriptor }
  | { readonly t: 'fixedArray'; readonly n: number; readonly of: Descriptor }
  | { readonly t: 'struct'; readonly fields: readonly (readonly [name: string, of: Descriptor])[] }
  | { readonly t: 'optional'; readonly of: Descriptor; readonly align: boolean }
