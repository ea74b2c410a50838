import { BitseryError, phrase } from '../base/errors.ts'
import type { Descriptor, Json } from '../base/grammar.ts'
import { readText } from '../text/utf8.ts'
import { pointCount } from '../text/wide-text.ts'

export type { Json } from '../base/grammar.ts'

/**
 * The value that plain JSON stands for, by the rules of the grammar: 64-bit integers are decimal text, floats that JSON
 * lacks are `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"`, text that is no text is `{"$bytes": hex}` or `{"$units": [...]}`.
 */
export function valueFromJson(descriptor: Descriptor, json: Json): unknown {
  switch (descriptor.t) {
    case 'f32':
    case 'f64':
    case 'rangeFloat':
      return typeof json === 'string' ? Number(json) : json
    case 'enum':
      return enumFromJson(descriptor, json)
    case 'text':
    case 'fixedText':
      return textFromJson(descriptor.char, json)
    case 'optional':
      return json === null ? undefined : valueFromJson(descriptor.of, json)
    case 'struct':
      return structFromJson(descriptor, json)
    case 'bitset':
      return Array.from(json as string, (digit) => digit === '1')
    case 'map':
      return mapFromJson(descriptor, json)
    case 'set': {
      const values = listOf(json).map((element) => valueFromJson(descriptor.of, element))
      return descriptor.multi === true ? values : new Set(values)
    }
    case 'tuple':
      return listOf(json).map((element, index) => valueFromJson(descriptor.of[index], element))
    case 'variant': {
      const { i, v } = memberOf(json)
      const of = descriptor.of[i as number]
      if (of === undefined)
        throw new BitseryError('i', `an index below ${descriptor.of.length}`, phrase(i), 'value-invalid')
      const value = valueFromJson(of, v)
      return descriptor.names === undefined
        ? { index: i, value }
        : { type: descriptor.names[i as number], value }
    }
    case 'ptr':
    case 'poly':
      return pointerFromJson(descriptor, json)
    case 'array':
    case 'fixedArray':
    case 'queue':
    case 'stack':
      return listOf(json).map((element) => valueFromJson(descriptor.of, element))
    case 'bits':
    case 'growable':
    case 'base':
    case 'virtualBase':
    case 'entropy':
      return valueFromJson(descriptor.of, json)
    case 'duration':
    case 'timePoint':
      return valueFromJson({ t: descriptor.of }, json)
    default:
      return isBig(descriptor) ? bigFromJson(json) : json
  }
}

/** Whether values are 64-bit integers, or raw bits of more than 32, which are decimal text in JSON. */
function isBig(descriptor: Descriptor): boolean {
  if (descriptor.t === 'rawBits') return descriptor.n > 32
  const name = 'of' in descriptor ? descriptor.of : descriptor.t
  return name === 'u64' || name === 'i64'
}

function memberOf(json: Json): { readonly [key: string]: Json } {
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as { readonly [key: string]: Json }
  throw new BitseryError('', 'an object', phrase(json), 'value-invalid')
}

function structFromJson(descriptor: Descriptor & { readonly t: 'struct' }, json: Json): unknown {
  const members = memberOf(json)
  const fields = descriptor.fields.filter(([, of]) => of.t !== 'align')
  return Object.fromEntries(fields.map(([name, of]) => [name, valueFromJson(of, members[name])]))
}

function mapFromJson(descriptor: Descriptor & { readonly t: 'map' }, json: Json): unknown {
  const entries = listOf(json).map((entry): [unknown, unknown] => {
    const [key, value] = listOf(entry)
    return [valueFromJson(descriptor.key, key), valueFromJson(descriptor.value, value)]
  })
  return descriptor.multi === true ? entries : new Map(entries)
}

function pointerFromJson(descriptor: Descriptor & { readonly t: 'ptr' | 'poly' }, json: Json): unknown {
  if (json === null) return null
  const { $id: id, $ref: ref, type, value } = memberOf(json)
  if (ref !== undefined) return { ref }
  if (descriptor.t === 'ptr') return { id, value: valueFromJson(descriptor.of, value) }
  const known = descriptor.of.find(([name]) => name === type)
  if (known === undefined)
    throw new BitseryError('type', 'a class of the schema', phrase(type), 'value-invalid')
  return { id, type, value: valueFromJson(known[1], value) }
}

/** A value as plain JSON; the reverse of `valueFromJson`. The value must fit. */
export function valueToJson(descriptor: Descriptor, value: unknown): Json {
  switch (descriptor.t) {
    case 'f32':
      return floatToJson(Math.fround(value as number))
    case 'f64':
    case 'rangeFloat':
      return floatToJson(value as number)
    case 'enum': {
      const listed = descriptor.values?.find(([name]) => name === value)
      return listed?.[1] ?? (typeof value === 'bigint' ? String(value) : (value as number))
    }
    case 'text':
    case 'fixedText':
      return textToJson(descriptor.char, value)
    case 'optional':
      return value === undefined || value === null ? null : valueToJson(descriptor.of, value)
    case 'struct':
      return structToJson(descriptor, value)
    case 'bitset':
      return (value as boolean[]).map(Number).join('')
    case 'map':
      return Array.from(value as Iterable<[unknown, unknown]>, ([key, of]) => [
        valueToJson(descriptor.key, key),
        valueToJson(descriptor.value, of),
      ])
    case 'tuple':
      return (value as unknown[]).map((element, index) => valueToJson(descriptor.of[index], element))
    case 'variant':
      return variantToJson(descriptor, value as { index: number; type?: string; value: unknown })
    case 'ptr':
    case 'poly':
      return pointerToJson(descriptor, value)
    case 'array':
    case 'fixedArray':
    case 'queue':
    case 'stack':
    case 'set':
      return Array.from(value as Iterable<unknown>, (element) => valueToJson(descriptor.of, element))
    case 'bits':
    case 'growable':
    case 'base':
    case 'virtualBase':
    case 'entropy':
      return valueToJson(descriptor.of, value)
    case 'duration':
    case 'timePoint':
      return valueToJson({ t: descriptor.of }, value)
    default:
      return isBig(descriptor) ? String(value) : (value as Json)
  }
}

/** A value as something that is equal for equal values: itself, or for objects its JSON. */
export function keyOf(descriptor: Descriptor, value: unknown): unknown {
  if (value === null) return undefined
  if (typeof value === 'object') return JSON.stringify(valueToJson(descriptor, value))
  if (descriptor.t === 'enum') return String(valueToJson(descriptor, value))
  return descriptor.t === 'f32' || (descriptor.t === 'rangeFloat' && descriptor.of === 'f32')
    ? Math.fround(value as number)
    : value
}

function floatToJson(value: number): Json {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

function structToJson(descriptor: Descriptor & { readonly t: 'struct' }, value: unknown): Json {
  const members = value as Record<string, unknown>
  const fields = descriptor.fields.filter(([, of]) => of.t !== 'align')
  return Object.fromEntries(fields.map(([name, of]) => [name, valueToJson(of, members[name])]))
}

function variantToJson(
  descriptor: Descriptor & { readonly t: 'variant' },
  { index, type, value }: { readonly index: number; readonly type?: string; readonly value: unknown },
): Json {
  const i = type === undefined ? index : (descriptor.names?.indexOf(type) ?? -1)
  return { i, v: valueToJson(descriptor.of[i], value) }
}

function pointerToJson(descriptor: Descriptor & { readonly t: 'ptr' | 'poly' }, given: unknown): Json {
  if (given === null || given === undefined) return null
  const { id, ref, type, value } = given as { id: number; ref?: number; type?: string; value: unknown }
  if (ref !== undefined) return { $ref: ref }
  if (descriptor.t === 'ptr') return { $id: id, value: valueToJson(descriptor.of, value) }
  const known = descriptor.of.find(([name]) => name === type)
  if (known === undefined)
    throw new BitseryError('type', 'a class of the schema', phrase(type), 'value-invalid')
  return { $id: id, type: known[0], value: valueToJson(known[1], value) }
}

function bigFromJson(json: Json): bigint {
  if (typeof json === 'string' && /^-?\d{1,20}$/.test(json)) return BigInt(json)
  throw new BitseryError('', 'an integer as decimal text', phrase(json), 'value-invalid')
}

function listOf(json: Json): readonly Json[] {
  if (Array.isArray(json)) return json
  throw new BitseryError('', 'an array', phrase(json), 'value-invalid')
}

function enumFromJson(descriptor: Descriptor & { readonly t: 'enum' }, json: Json): unknown {
  const listed = descriptor.values?.find(([, value]) => value === json || String(value) === String(json))
  if (listed !== undefined) return listed[0]
  return descriptor.size === 8 ? bigFromJson(json) : json
}

function textFromJson(char: 1 | 2 | 4, json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json
  const { $bytes: bytes, $units: units } = json as { readonly $bytes?: Json; readonly $units?: Json }
  if (typeof bytes === 'string' && bytes.length % 2 === 0 && /^[\da-f]*$/i.test(bytes)) {
    return Uint8Array.from({ length: bytes.length / 2 }, (_, i) =>
      Number.parseInt(bytes.slice(i * 2, i * 2 + 2), 16),
    )
  }
  if (Array.isArray(units)) {
    const numbers = units.map(Number)
    if (char === 4) return Uint32Array.from(numbers)
    // Units of two bytes are always a string, whatever they are.
    return numbers.map((unit) => String.fromCharCode(unit)).join('')
  }
  throw new BitseryError('', 'text, {"$bytes": hex} or {"$units": [numbers]}', phrase(json), 'value-invalid')
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
