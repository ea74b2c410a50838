import { BitseryError, type Issue, issueAt, phrase } from '../base/errors.ts'
import type { Descriptor, IntegerName } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { giveBack, takeGuard } from '../bytes/collision-guard.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'
import { NUMBER_FORMATS, type NumberFormat, numberMemory } from './number-format.ts'

/** How an enumeration lies in bytes, and what to do with numbers it does not list. */
export interface EnumerationOptions {
  /** The underlying integer type of the C++ enum. Default `'u8'`. */
  readonly of?: IntegerName | undefined
  /** Numbers that are not listed: `'refuse'`, the default, makes them InvalidData and does not write them; `'number'` gives
   * and takes the number itself, as C++ does. */
  readonly unknown?: 'refuse' | 'number' | undefined
}

type NumberOf<O extends EnumerationOptions> = O extends { readonly of: 'u64' | 'i64' } ? bigint : number
type Unknown<O extends EnumerationOptions> = O extends { readonly unknown: 'number' } ? NumberOf<O> : never
type NameOf<V> = V extends readonly (infer N)[] ? N : Extract<keyof V, string>
type Entry = readonly [name: string, value: number | bigint]

class EnumerationNode implements Node {
  readonly kind = 'enum'
  readonly format: NumberFormat
  readonly entries: readonly Entry[]
  /** What values look like in JavaScript. */
  readonly form: 'name' | 'number'
  readonly unknown: 'refuse' | 'number'
  readonly #nameOf = new Map<number | bigint, string>()
  readonly #numberOf = new Map<unknown, number | bigint>()
  /** What is listed is there already. */
  readonly #memory: number

  constructor(
    of: IntegerName,
    entries: readonly Entry[],
    form: 'name' | 'number',
    unknown: 'refuse' | 'number',
  ) {
    if (!Object.hasOwn(NUMBER_FORMATS, of) || NUMBER_FORMATS[of].form === 'float')
      throw new BitseryError('enumeration of', 'the name of an integer type, such as "u8"', phrase(of))
    this.format = NUMBER_FORMATS[of]
    this.form = form
    this.unknown = unknown
    this.#memory = unknown === 'number' ? numberMemory(this.format) : 0
    this.entries = entries.map(
      ([name, value]) => [name, this.format.size === 8 ? BigInt(value) : value] as const,
    )
    const guard = takeGuard(this.entries.length)
    for (const [name, value] of this.entries) {
      if (guard?.admit(value) === false)
        throw new BitseryError('enumeration', 'numbers that do not collide in a hash table', name)
      if (!this.format.fits(value))
        throw new BitseryError(`enumeration ${name}`, this.format.wanted, phrase(value))
      // Two names of one number are legal, as in C++; the first is the one that is read.
      if (!this.#nameOf.has(value)) this.#nameOf.set(value, name)
      this.#numberOf.set(name, value)
    }
    giveBack(guard)
  }

  bounds(): BitBounds {
    return fixedBounds(this.format.size * 8)
  }

  surplus(_packed: boolean, perBit: number): number {
    return this.#memory - 8 * this.format.size * perBit
  }

  descriptor(): Descriptor {
    const { size } = this.format
    const base = { t: 'enum', size, signed: this.format.name.startsWith('i') } as const
    if (this.entries.length === 0) return base
    return {
      ...base,
      values: this.entries.map(
        ([name, value]) => [name, size === 8 ? String(value) : Number(value)] as const,
      ),
    }
  }

  /** The number of a value, or undefined when it has none. */
  numberOf(value: unknown): number | bigint | undefined {
    if (this.form === 'name' && typeof value === 'string') return this.#numberOf.get(value)
    if (this.unknown === 'refuse' && (this.form === 'name' || !this.#nameOf.has(value as number)))
      return undefined
    return this.format.fits(value) ? (value as number | bigint) : undefined
  }

  /** The value of a number, or undefined when it is refused. */
  valueOf(number: number | bigint): unknown {
    const name = this.#nameOf.get(number)
    if (name === undefined) return this.unknown === 'number' ? number : undefined
    return this.form === 'name' ? name : number
  }

  check(value: unknown): Issue | undefined {
    return this.numberOf(value) === undefined ? issueAt(this.#wanted(), value) : undefined
  }

  #wanted(): string {
    const listed = this.entries.map(([name, value]) => (this.form === 'name' ? phrase(name) : phrase(value)))
    if (this.unknown === 'number') listed.push(this.format.wanted)
    return listed.length > 12
      ? `one of ${listed.slice(0, 12).join(', ')}, …`
      : `${listed.length > 1 ? 'one of ' : ''}${listed.join(', ')}`
  }

  write(writer: ByteWriter, value: unknown): void {
    this.format.write(writer, this.numberOf(value) as number | bigint)
  }

  read(reader: ByteReader): unknown {
    reader.charge(this.#memory)
    const start = reader.position
    const value = this.valueOf(this.format.read(reader))
    if (value === undefined) reader.invalid(start)
    return value
  }

  /** Whether every number of the format is a value: then it is a plain number. */
  get isOpenNumber(): boolean {
    return this.form === 'number' && this.unknown === 'number'
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const { method, size, misfit } = this.format
    const local = emitter.local(value)
    if (this.isOpenNumber) {
      emitter.refuseIf(misfit(local))
      emitter.number(method, size, local)
      return
    }
    const number = emitter.name()
    const numberOf = (of: unknown): number | bigint | undefined => this.numberOf(of)
    // A switch over short lists compares identities of strings; a call with a map takes longer ones.
    if (this.form === 'name' && this.unknown === 'refuse' && this.entries.length <= 16) {
      emitter.line(`let ${number}`)
      const cases = [...this.#numberOf].map(
        ([name, of]) => `case ${JSON.stringify(name)}: ${number} = ${of}${size === 8 ? 'n' : ''}; break`,
      )
      emitter.line(`switch (${local}) { ${cases.join('; ')}; default: ${emitter.refuse} }`)
    } else {
      emitter.line(`const ${number} = ${emitter.constant(numberOf)}(${local})`)
      emitter.refuseIf(`${number} === undefined`)
    }
    emitter.number(method, size, number)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(this.format.size)
  }

  emitRead(emitter: ReadEmitter): string {
    const number = emitter.number(this.format.method, this.format.size)
    if (this.isOpenNumber) return number
    const names = this.#denseNames()
    const lookUp = (of: number | bigint): unknown => this.valueOf(of)
    const value = emitter.local(
      names === undefined
        ? `${emitter.constant(lookUp)}(${number})`
        : `${emitter.constant(names)}[${number}]`,
    )
    emitter.giveUpIf(`${value} === undefined`)
    return value
  }

  /** All values of a one-byte enumeration in a table of 256. */
  #denseNames(): readonly unknown[] | undefined {
    if (this.format.name !== 'u8') return undefined
    return Array.from({ length: 256 }, (_, number) => this.valueOf(number))
  }
}

/**
 * A C++ enum with names as its values in TypeScript: `enumeration(['red', 'green'])` counts from 0,
 * `enumeration({ red: 1, green: 5 })` says the numbers.
 */
export function enumeration<
  const V extends readonly string[] | { readonly [name: string]: number | bigint },
  const O extends EnumerationOptions = Record<never, never>,
>(values: V, options?: O): Schema<NameOf<V> | Unknown<O>> {
  expectEntries('enumeration', values)
  const entries: Entry[] = isList(values)
    ? values.map((name, index) => [name, index] as const)
    : Object.entries(values)
  const names = new Set(entries.map(([name]) => name))
  if (names.size !== entries.length || names.size === 0) {
    throw new BitseryError(
      'enumeration',
      'at least one name, and each once',
      phrase(entries.map(([name]) => name).join(', ')),
    )
  }
  return schemaOf(new EnumerationNode(options?.of ?? 'u8', entries, 'name', options?.unknown ?? 'refuse'))
}

/**
 * A C++ enum with numbers as its values in TypeScript: those of a constant object, or of a TypeScript `enum`, as in
 * `enumOf(Color)`. Values are bigints when `of` has 64 bits.
 */
export function enumOf<
  const V extends { readonly [name: string]: number | bigint | string },
  const O extends EnumerationOptions = Record<never, never>,
>(values: V, options?: O): Schema<Exclude<V[keyof V], string> | Unknown<O>> {
  expectEntries('enumOf', values)
  // A TypeScript enum also maps its numbers back to names.
  const entries = Object.entries(values).filter(
    (entry): entry is [string, number | bigint] => typeof entry[1] !== 'string',
  )
  if (entries.length === 0) throw new BitseryError('enumOf', 'at least one number', 'none')
  return schemaOf(new EnumerationNode(options?.of ?? 'u8', entries, 'number', options?.unknown ?? 'refuse'))
}

/** A C++ enum of which only the underlying type is known: any of its numbers, read and written as they are. */
export function enumNumber<const I extends IntegerName>(
  of: I,
): Schema<I extends 'u64' | 'i64' ? bigint : number> {
  return schemaOf(new EnumerationNode(of, [], 'number', 'number'))
}

function expectEntries(what: string, values: unknown): void {
  if (typeof values === 'object' && values !== null) return
  throw new BitseryError(what, 'a list of names, or an object of names and numbers', phrase(values))
}

function isList(values: object): values is readonly string[] {
  return Array.isArray(values)
}
