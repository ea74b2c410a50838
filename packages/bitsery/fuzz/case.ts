import type fc from 'fast-check'
import type { Schema } from '../src/index.ts'

/** A schema with values that fit it. Values of pointers are placeholders until `settled` has numbered them. */
export interface Case {
  readonly schema: Schema<unknown>
  readonly values: fc.Arbitrary<unknown>
}

/** Where a type lies: outside bit packing or inside. */
export type Place = 'bytes' | 'bits'

/** A case of a schema of any type. */
export function caseOf<T>(schema: Schema<T>, values: fc.Arbitrary<unknown>): Case {
  return { schema: schema as Schema<unknown>, values }
}
