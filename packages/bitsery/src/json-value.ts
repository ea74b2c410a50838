import { BitseryError, phrase } from './errors.ts'
import type { Descriptor } from './grammar.ts'
import { readText } from './utf8.ts'
import { pointCount } from './wide-text.ts'

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * The value that plain JSON stands for, by the rules of the grammar: 64-bit integers are decimal text, floats that JSON
 * lacks are `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"`, text that is no text is `{"$bytes": hex}` or `{"$units": [...]}`.
 */
export function valueFromJson(descriptor: Descriptor, json: Json): unknown {
  switch (descriptor.t) {
    case 'u64':
    case 'i64':
      return bigFromJson(json)
    case 'f32':
    case 'f64':
      return typeof json === 'string' ? Number(json) : json
    case 'enum':
      return enumFromJson(descriptor, json)
    case 'text':
    case 'fixedText':
      return textFromJson(json)
    case 'array':
    case 'fixedArray':
      return listOf(json).map((element) => valueFromJson(descriptor.of, element))
    case 'optional':
      return json === null ? undefined : valueFromJson(descriptor.of, json)
    case 'struct': {
      if (typeof json !== 'object' || json === null) throw new BitseryError('', 'an object', phrase(json))
      const members = json as { readonly [key: string]: Json }
      return Object.fromEntries(
        descriptor.fields.map(([name, of]) => [name, valueFromJson(of, members[name])]),
      )
    }
    default:
      return json
  }
}

/** A value as plain JSON; the reverse of `valueFromJson`. The value must fit. */
export function valueToJson(descriptor: Descriptor, value: unknown): Json {
  switch (descriptor.t) {
    case 'u64':
    case 'i64':
      return String(value)
    case 'f32':
    case 'f64':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? (value as number)
        : Object.is(value, -0)
          ? '-0'
          : String(value)
    case 'enum': {
      const listed = descriptor.values?.find(([name]) => name === value)
      return listed?.[1] ?? (typeof value === 'bigint' ? String(value) : (value as number))
    }
    case 'text':
    case 'fixedText':
      return textToJson(descriptor.char, value)
    case 'array':
    case 'fixedArray':
      return Array.from(value as Iterable<unknown>, (element) => valueToJson(descriptor.of, element))
    case 'optional':
      return value === undefined || value === null ? null : valueToJson(descriptor.of, value)
    case 'struct': {
      const members = value as Record<string, unknown>
      return Object.fromEntries(descriptor.fields.map(([name, of]) => [name, valueToJson(of, members[name])]))
    }
    default:
      return value as Json
  }
}

function bigFromJson(json: Json): bigint {
  if (typeof json === 'string' && /^-?\d{1,20}$/.test(json)) return BigInt(json)
  throw new BitseryError('', 'an integer as decimal text', phrase(json))
}

function listOf(json: Json): readonly Json[] {
  if (Array.isArray(json)) return json
  throw new BitseryError('', 'an array', phrase(json))
}

function enumFromJson(descriptor: Descriptor & { readonly t: 'enum' }, json: Json): unknown {
  const listed = descriptor.values?.find(([, value]) => String(value) === String(json))
  if (listed !== undefined) return listed[0]
  return descriptor.size === 8 ? bigFromJson(json) : json
}

function textFromJson(json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json
  const { $bytes: bytes, $units: units } = json as { readonly $bytes?: Json; readonly $units?: Json }
  if (typeof bytes === 'string' && bytes.length % 2 === 0 && /^[\da-f]*$/i.test(bytes)) {
    return Uint8Array.from({ length: bytes.length / 2 }, (_, i) =>
      Number.parseInt(bytes.slice(i * 2, i * 2 + 2), 16),
    )
  }
  if (Array.isArray(units)) {
    const numbers = units.map(Number)
    // Units of two bytes are always a string, whatever they are.
    return numbers.every((unit) => unit <= 0xffff)
      ? String.fromCharCode(...numbers)
      : Uint32Array.from(numbers)
  }
  throw new BitseryError('', 'text, {"$bytes": hex} or {"$units": [numbers]}', phrase(json))
}

function textToJson(char: 1 | 2 | 4, value: unknown): Json {
  if (value instanceof Uint32Array) return { $units: Array.from(value) }
  if (value instanceof Uint8Array) {
    const text = readText(value, 0, value.length)
    if (text !== undefined) return text
    return { $bytes: Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') }
  }
  const text = value as string
  if (char === 2 && pointCount(text) < 0)
    return { $units: Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)) }
  return text
}
