import { array, fixedArray } from './array.ts'
import { bool } from './bool.ts'
import { enumeration, enumNumber } from './enumeration.ts'
import { BitseryError, phrase } from './errors.ts'
import type { Descriptor, IntegerName, NumberName } from './grammar.ts'
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from './number.ts'
import { optional } from './optional.ts'
import type { Schema } from './schema.ts'
import { structOf } from './struct.ts'
import { fixedText, text } from './text.ts'

export type { Descriptor, IntegerName, NumberName } from './grammar.ts'
export { type Json, valueFromJson, valueToJson } from './json-value.ts'

const NUMBERS: { readonly [name in NumberName]: Schema<unknown> } = {
  u8,
  u16,
  u32,
  u64,
  i8,
  i16,
  i32,
  i64,
  f32,
  f64,
}

/** How deep a descriptor may be nested. */
const DEPTH_MAX = 100

/**
 * The schema that a descriptor (the neutral grammar, parsed JSON) describes. The descriptor may come from
 * anywhere: what isn't in the grammar throws BitseryError with its place.
 *
 * Values: text that is no text is a `Uint8Array` or `Uint32Array`; enumerations with names give names and, for others, the
 * number; arrays are arrays, also of u8.
 */
export function schemaFromDescriptor(descriptor: Descriptor): Schema<unknown> {
  return parse(descriptor, 'descriptor', 0)
}

function parse(descriptor: Descriptor, path: string, depth: number): Schema<unknown> {
  if (typeof descriptor !== 'object' || descriptor === null)
    throw new BitseryError(path, 'an object', phrase(descriptor))
  if (depth > DEPTH_MAX) throw new BitseryError(path, `at most ${DEPTH_MAX} levels`, 'more')
  const inner = (of: Descriptor): Schema<unknown> => parse(of, `${path}.of`, depth + 1)
  switch (descriptor.t) {
    case 'bool':
      return bool
    case 'enum':
      return parseEnum(descriptor, path)
    case 'text':
      return text(descriptor.max, { charSize: descriptor.char, invalid: 'raw' })
    case 'fixedText':
      return fixedText(descriptor.n, { charSize: descriptor.char, invalid: 'raw' })
    case 'array':
      return array(inner(descriptor.of), descriptor.max)
    case 'fixedArray':
      return fixedArray(inner(descriptor.of), descriptor.n)
    case 'struct':
      return parseStruct(descriptor.fields, path, depth)
    case 'optional':
      return optional(inner(descriptor.of), { start: descriptor.align === false ? 'bit' : 'byte' })
    default: {
      if (Object.hasOwn(NUMBERS, descriptor.t)) return NUMBERS[descriptor.t]
      throw new BitseryError(`${path}.t`, 'a type of the grammar', phrase((descriptor as { t: unknown }).t))
    }
  }
}

function parseStruct(fields: unknown, path: string, depth: number): Schema<unknown> {
  if (!Array.isArray(fields))
    throw new BitseryError(`${path}.fields`, 'an array of [name, schema]', phrase(fields))
  const pairs = fields.map((field: unknown, index): readonly [string, Schema<unknown>] => {
    if (!Array.isArray(field) || field.length !== 2 || typeof field[0] !== 'string') {
      throw new BitseryError(`${path}.fields[${index}]`, '[name, schema]', phrase(field))
    }
    return [field[0], parse(field[1] as Descriptor, `${path}.${field[0]}`, depth + 1)]
  })
  return structOf(pairs)
}

function parseEnum(descriptor: Descriptor & { readonly t: 'enum' }, path: string): Schema<unknown> {
  const { size, values } = descriptor
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8)
    throw new BitseryError(`${path}.size`, '1, 2, 4 or 8', phrase(size))
  const of = `${descriptor.signed === true ? 'i' : 'u'}${size * 8}` as IntegerName
  if (values === undefined) return enumNumber(of)
  if (!Array.isArray(values))
    throw new BitseryError(`${path}.values`, 'an array of [name, number]', phrase(values))
  const entries = values.map((entry: unknown, index): [string, number | bigint] => {
    if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string') {
      if (typeof entry[1] === 'number') return [entry[0], entry[1]]
      if (typeof entry[1] === 'string' && /^-?\d{1,20}$/.test(entry[1])) return [entry[0], BigInt(entry[1])]
    }
    throw new BitseryError(`${path}.values[${index}]`, '[name, number]', phrase(entry))
  })
  return enumeration(Object.fromEntries(entries), { of, unknown: 'number' })
}
