import { describe, expect, it } from 'vitest'
import { BitseryError } from '../base/errors.ts'
import type { Descriptor, NumberName } from '../base/grammar.ts'
import { schemaFromDescriptor } from '../descriptor.ts'
import type { Schema } from '../schema/schema.ts'
import { diffDescriptors, formatDiff, type SchemaDiff, type WireEffect } from './diff.ts'
import { spread } from './layout.ts'
import { contains } from './parts.ts'

const SEED = 20_261_120
const PAIRS = 5000
const VALUES = 24

/** A generator of 32 bits from a seed (mulberry32). */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return (bits ^ (bits >>> 14)) >>> 0
  }

  below(count: number): number {
    return this.bits() % count
  }

  isOneIn(count: number): boolean {
    return this.below(count) === 0
  }

  /** A name that nothing had before: a name for another thing is no renaming. */
  name(): string {
    return `n${this.bits()}`
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
}

type Kind = Descriptor['t']

/** The kinds that take part: those without others in them, those with, and those that bit packing adds. */
const LEAVES = words(
  'u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 bool enum text fixedText compact compactChecked duration',
)
const FRAMES = words('struct array fixedArray optional struct growable growable tuple variant bits')
const BITS = words('range rawBits range bool')

function words(text: string): readonly Kind[] {
  return text.split(' ') as Kind[]
}

const CHARS = [1, 1, 2, 4] as const
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

function make(random: Random, depth: number, isPacked = false): Descriptor {
  if (isPacked && random.isOneIn(2)) return makeKind(random.of(BITS), random, depth, isPacked)
  return makeKind(random.of(depth > 0 && !random.isOneIn(3) ? FRAMES : LEAVES), random, depth, isPacked)
}

function makeKind(t: Kind, random: Random, depth: number, isPacked: boolean): Descriptor {
  const inner = (): Descriptor => make(random, depth - 1, isPacked)
  switch (t) {
    case 'enum': {
      const size = random.of([1, 2] as const)
      const count = random.isOneIn(4) ? 0 : 2 + random.below(2)
      const signed = random.isOneIn(2)
      if (count === 0) return { t, size, signed }
      return {
        t,
        size,
        signed,
        values: NAMES.slice(0, count).map((name, i) => [name, i * (size === 1 ? 3 : 700)] as const),
      }
    }
    case 'text':
      return { t, max: random.below(6), char: random.of(CHARS) }
    case 'fixedText':
      return { t, n: random.below(6) + 1, char: random.of(CHARS) }
    case 'array':
      return { t, max: random.below(5), of: inner() }
    case 'fixedArray':
      return { t, n: random.below(4), of: inner() }
    case 'struct':
      return { t, fields: Array.from({ length: random.below(5) }, () => [random.name(), inner()] as const) }
    case 'optional':
      return { t, align: random.isOneIn(2), of: inner() }
    case 'growable':
      return { t, of: makeKind('struct', random, depth, isPacked) }
    case 'bits':
      return { t, of: make(random, depth - 1, true) }
    case 'tuple':
      return { t, of: Array.from({ length: random.below(4) }, inner) }
    case 'variant':
      return { t, of: Array.from({ length: 1 + random.below(3) }, inner) }
    case 'compact':
    case 'compactChecked':
    case 'duration':
      return { t, of: random.of(['u8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64'] as const) }
    case 'range': {
      const min = random.below(20) - 10
      return { t, of: 'i16', min, max: min + random.below(40) }
    }
    case 'rawBits':
      return { t, n: 1 + random.below(12) }
    default:
      return { t: t as NumberName | 'bool' }
  }
}

/** One random edit somewhere in a descriptor. */
function edited(of: Descriptor, random: Random): Descriptor {
  const isHere = random.isOneIn(3)
  if (of.t === 'struct') {
    if (isHere || of.fields.length === 0) return editedStruct(of, random)
    const at = random.below(of.fields.length)
    return {
      ...of,
      fields: of.fields.map(([name, field], i) => [name, i === at ? edited(field, random) : field] as const),
    }
  }
  if ((of.t === 'tuple' || of.t === 'variant') && !isHere && of.of.length > 0) {
    const at = random.below(of.of.length)
    return { ...of, of: of.of.map((one, i) => (i === at ? edited(one, random) : one)) }
  }
  if (isFrame(of) && !isHere) return { ...of, of: edited(of.of, random) }
  if (random.isOneIn(6)) return make(random, 1)
  if (random.isOneIn(8)) return { t: 'struct', fields: [[random.name(), of]] }
  return editedHere(of, random)
}

type Frame = Extract<Descriptor, { readonly t: 'array' | 'fixedArray' | 'optional' | 'growable' | 'bits' }>

function isFrame(of: Descriptor): of is Frame {
  return ['array', 'fixedArray', 'optional', 'growable', 'bits'].includes(of.t)
}

function editedHere(of: Descriptor, random: Random): Descriptor {
  switch (of.t) {
    case 'text':
      if (random.isOneIn(3)) return { ...of, char: random.of(CHARS) }
      if (random.isOneIn(3)) return { t: 'fixedText', n: of.max + 1, char: of.char }
      if (random.isOneIn(2)) return { t: 'array', max: of.max, of: { t: `u${of.char * 8}` as NumberName } }
      return { ...of, max: of.max + 1 }
    case 'fixedText':
      return random.isOneIn(2) ? { ...of, n: of.n + 1 } : { t: 'text', max: of.n - 1, char: of.char }
    case 'array':
      if (random.isOneIn(4)) return { t: 'fixedArray', n: of.max, of: of.of }
      return { ...of, max: random.isOneIn(2) ? of.max + 1 : Math.max(of.max - 1, 0) }
    case 'fixedArray':
      return random.isOneIn(4) ? { t: 'array', max: of.n, of: of.of } : { ...of, n: of.n + 1 }
    case 'optional':
      return random.isOneIn(2) ? of.of : { ...of, align: !of.align }
    case 'enum':
      return editedEnum(of, random)
    case 'bool':
      return random.isOneIn(2) ? { t: 'u8' } : { t: 'optional', align: true, of }
    case 'growable':
    case 'bits':
      return of.of
    case 'tuple':
    case 'variant': {
      const at = random.isOneIn(2) ? of.of.length : random.below(of.of.length + 1)
      const isLess = of.of.length > 1 && random.isOneIn(2)
      return { ...of, of: isLess ? of.of.toSpliced(at, 1) : of.of.toSpliced(at, 0, make(random, 1)) }
    }
    case 'range':
      return random.isOneIn(3) ? { ...of, min: Number(of.min) - 1 } : { ...of, max: Number(of.max) + 1 }
    case 'rawBits':
      return { ...of, n: of.n + 1 }
    case 'compact':
    case 'compactChecked':
      return {
        t: random.of(['compact', 'compactChecked'] as const),
        of: random.of(['u16', of.of, 'u32', 'i32'] as const),
      }
    case 'duration':
      return { t: of.of }
    default: {
      if (of.t === 'u8' && random.isOneIn(3)) return { t: 'bool' }
      if (random.isOneIn(3)) return makeKind('enum', random, 0, false)
      return { t: random.of(['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'u64', 'i64', 'f32', 'f64'] as const) }
    }
  }
}

function editedEnum(of: Descriptor & { readonly t: 'enum' }, random: Random): Descriptor {
  const values = (of.values ?? []).map(([name, value]) => [name, Number(value)] as [string, number])
  const free = random.name()
  switch (random.below(6)) {
    case 0:
      return { ...of, values: [...values, [free, 40 + random.below(50)] as const] }
    case 1:
      return values.length < 3
        ? { t: 'enum', size: of.size, signed: of.signed === true }
        : { ...of, values: values.slice(1) }
    case 2:
      return values.length < 1
        ? of
        : { ...of, values: values.map(([name, value], i) => [i === 0 ? free : name, value] as const) }
    case 3:
      return values.length < 1
        ? of
        : { ...of, values: values.map(([name], i) => [name, values[values.length - 1 - i][1]] as const) }
    case 4:
      return { ...of, signed: of.signed !== true }
    default:
      return { t: `${of.signed === true ? 'i' : 'u'}${of.size * 8}` as NumberName }
  }
}

function editedStruct(of: Descriptor & { readonly t: 'struct' }, random: Random): Descriptor {
  const fields = [...of.fields]
  const at = random.isOneIn(3) ? fields.length : random.below(fields.length + 1)
  const free = random.name()
  switch (fields.length === 0 ? 0 : random.below(6)) {
    case 0:
      fields.splice(at, 0, [free, make(random, 1)])
      break
    case 1:
      fields.splice(at, 1)
      break
    case 2:
      fields.splice(at, 0, ...fields.splice(random.below(fields.length), 1))
      break
    case 3:
      fields.splice(at, 1, [free, fields[at]?.[1] ?? { t: 'u8' }])
      break
    case 4:
      fields.splice(at, 2, [free, { t: 'struct', fields: fields.slice(at, at + 2) }])
      break
    default: {
      const inner = fields.findIndex(([, field]) => field.t === 'struct')
      if (inner < 0) return { t: 'struct', fields: [[random.name(), of]] }
      const [name, field] = fields[inner]
      const freed = field.t === 'struct' ? field.fields.map(([n, f]) => [`${name}_${n}`, f] as const) : []
      fields.splice(inner, 1, ...freed)
    }
  }
  return { ...of, fields: [...new Map(fields)] }
}

/** A random value that fills what there is: few zeros, few empty lists. */
function randomValue(of: Descriptor, random: Random): unknown {
  const count = (max: number): number => (random.isOneIn(3) ? random.below(max + 1) : max)
  const several = (n: number, each: Descriptor): unknown[] =>
    Array.from({ length: n }, () => randomValue(each, random))
  switch (of.t) {
    case 'bool':
      return random.isOneIn(2)
    case 'f32':
    case 'f64':
      return Math.fround((random.bits() - 2 ** 31) / 7)
    case 'enum':
      if (of.values === undefined) return integer(of.size * 8, of.signed === true, random)
      return random.of(of.values)[0]
    case 'text':
    case 'fixedText': {
      const units = count(of.t === 'text' ? of.max : of.n - 1)
      if (of.char === 4 && units > 0 && random.isOneIn(4))
        return Uint32Array.from({ length: units }, () => 0xffff_fff0)
      if (of.char === 1 && units > 0 && random.isOneIn(8)) return new Uint8Array(units).fill(0xf0)
      if (of.char === 2 && units > 0 && random.isOneIn(2)) return '한'.repeat(units)
      if (of.char === 1 && units >= 2 && random.isOneIn(2)) return `ä${'x'.repeat(units - 2)}`
      return Array.from({ length: units }, () => random.of('abcXYZ'.split(''))).join('')
    }
    case 'array':
      return several(count(of.max), of.of)
    case 'fixedArray':
      return several(of.n, of.of)
    case 'optional':
      return random.isOneIn(4) ? undefined : randomValue(of.of, random)
    case 'growable':
    case 'bits':
      return randomValue(of.of, random)
    case 'tuple':
      return of.of.map((one) => randomValue(one, random))
    case 'variant': {
      const index = random.below(of.of.length)
      return { index, value: randomValue(of.of[index], random) }
    }
    case 'compact':
    case 'compactChecked':
    case 'duration':
      return randomValue({ t: of.of }, random)
    case 'range':
      return Number(of.min) + random.below(Number(of.max) - Number(of.min) + 1)
    case 'rawBits':
      return random.below(2 ** of.n)
    case 'struct':
      return Object.fromEntries(of.fields.map(([name, field]) => [name, randomValue(field, random)]))
    default:
      return integer(Number(of.t.slice(1)), of.t.startsWith('i'), random)
  }
}

function integer(size: number, isSigned: boolean, random: Random): number | bigint {
  // Every third is small, so that it means the same for most types.
  const bits = random.isOneIn(3)
    ? BigInt(random.below(4))
    : (BigInt(random.bits()) << 32n) | BigInt(random.bits())
  const value = isSigned ? BigInt.asIntN(size, bits) : BigInt.asUintN(size, bits)
  return size === 64 ? value : Number(value)
}

/** One thing that a value says. */
interface Said {
  readonly path: string
  readonly text: string
  /** The name of a listed number, and all names of its list. */
  readonly name?: string | undefined
  readonly names?: readonly string[] | undefined
}

/** All that a value says, in the order of its bytes, free of the form that a type gives it. */
function saidBy(of: Descriptor, value: unknown, path = ''): Said[] {
  const list = (elements: readonly unknown[], each: Descriptor): Said[] => [
    ...(of.t === 'fixedArray' ? [] : [{ path, text: `#${elements.length}` }]),
    ...elements.flatMap((element, i) =>
      saidBy(each, element, of.t === 'fixedArray' ? `${path}(${i})` : `${path}[${i}]`),
    ),
  ]
  switch (of.t) {
    case 'enum': {
      const listed = of.values?.find(([name]) => name === value)
      const names = of.values?.map(([name]) => name)
      return [{ path, text: String(listed?.[1] ?? value), name: listed?.[0], names }]
    }
    case 'text':
    case 'fixedText':
      return list(unitsOf(value, of.char), { t: 'u32' })
    case 'array':
    case 'fixedArray':
      return list(value as unknown[], of.of)
    case 'optional': {
      if (value === undefined) return [{ path, text: 'none' }]
      const inner = saidBy(of.of, value, `${path}?`)
      if (isOnlyOptional(of.of) && inner[0].text === 'none') return [{ path, text: 'none' }]
      return [{ path, text: 'some' }, ...inner]
    }
    case 'growable':
    case 'bits':
      return saidBy(of.of, value, path)
    case 'tuple':
      // An index is no name: elements in front of it change it.
      return of.of.flatMap((one, i) =>
        saidBy(one, (value as unknown[])[i], `${path}[${i} of ${of.of.length}]`),
      )
    case 'variant': {
      const { index, value: chosen } = value as { index: number; value: unknown }
      return [{ path, text: `|${index}` }, ...saidBy(of.of[index], chosen, `${path}<${index}>`)]
    }
    case 'struct':
      return of.fields.flatMap(([name, field]) =>
        saidBy(field, (value as Record<string, unknown>)[name], `${path}.${name}`),
      )
    default:
      return [{ path, text: String(typeof value === 'boolean' ? Number(value) : value) }]
  }
}

/** Whether this is an optional and nothing more: none inside an optional can't be told from none. */
function isOnlyOptional(of: Descriptor): boolean {
  const parts = spread([{ label: '', of }], false)
  return parts.length === 1 && parts[0].of.t === 'optional'
}

function unitsOf(value: unknown, char: 1 | 2 | 4): number[] {
  if (typeof value !== 'string') return Array.from(value as Iterable<number>)
  if (char === 1) return [...Buffer.from(value)]
  if (char === 2) return Array.from({ length: value.length }, (_, i) => value.charCodeAt(i))
  return Array.from(value, (point) => point.codePointAt(0) as number)
}

/** Whether two values say the same at the same place, and the same wherever both have the same path. */
function saySame(before: readonly Said[], after: readonly Said[]): boolean {
  return (
    before.length === after.length &&
    before.every((said, i) => isSame(said, after[i])) &&
    agree(before, after)
  )
}

function agree(before: readonly Said[], after: readonly Said[]): boolean {
  const places = new Map(after.map((said) => [said.path, said]))
  return before.every((said) => {
    const other = places.get(said.path)
    return other === undefined || isSame(said, other)
  })
}

function isSame(a: Said, b: Said): boolean {
  if (a.text !== b.text) return false
  if (a.name === b.name || a.name === undefined || b.name === undefined) return true
  return !(a.names?.includes(b.name) || b.names?.includes(a.name))
}

type Outcome = 'same' | 'agrees' | 'refused' | 'wrong'

function outcomeOf(writer: Built, reader: Built, value: unknown): Outcome | 'not written' {
  let bytes: Uint8Array
  try {
    bytes = writer.schema.encode(value)
  } catch {
    // A growable that starts or ends within a byte.
    return 'not written'
  }
  const decoded = reader.schema.decode(bytes)
  if (!decoded.ok) return 'refused'
  if (!decoded.completed) return 'wrong'
  const before = saidBy(writer.of, value)
  const after = saidBy(reader.of, decoded.value)
  // Schemas of descriptors give the numbers that others refuse.
  if (after.some(({ name, names }) => names !== undefined && name === undefined)) return 'refused'
  return saySame(before, after) ? 'same' : agree(before, after) ? 'agrees' : 'wrong'
}

/** Whether bytes of different types may agree by chance. */
function mayAgree(writer: Descriptor, reader: Descriptor): boolean {
  const either = (...kinds: Kind[]): boolean =>
    [writer, reader].some((side) => contains(side, ({ t }) => kinds.includes(t)))
  // Bits may fit into padding, what is missing in a growable is zeros, small numbers lie in a byte as in a compact value.
  return either('bits', 'growable', 'compact', 'compactChecked')
}

interface Built {
  readonly of: Descriptor
  readonly schema: Schema<unknown>
}

/** The schema, unless an edit left bits without bit packing around them. */
function built(of: Descriptor): Built | undefined {
  try {
    return { of, schema: schemaFromDescriptor(of) }
  } catch (error) {
    if (error instanceof BitseryError) return undefined
    throw error
  }
}

/** What may come of bytes under a change; several changes add up. */
const ALLOWED: { readonly [effect in WireEffect]: readonly Outcome[] } = {
  none: ['same'],
  compatible: ['same', 'agrees'],
  limited: ['same', 'refused'],
  breaks: ['same', 'agrees', 'refused', 'wrong'],
}

describe(`diff against the bytes, seed ${SEED}`, () => {
  it('of random schemas after random edits', () => {
    const counts = { none: 0, compatible: 0, limited: 0, breaks: 0 }
    let refused = 0
    let notWritten = 0
    let agreeing = 0
    const check = (
      way: 'newReadsOld' | 'oldReadsNew',
      diff: SchemaDiff,
      writer: Built,
      reader: Built,
      random: Random,
    ): void => {
      const effect = diff[way]
      const allowed = ['same', ...diff.changes.flatMap((change) => ALLOWED[change[way]])]
      const outcomes: Outcome[] = []
      const isDone = () => effect === 'breaks' && outcomes.some((outcome) => outcome !== 'same')
      for (let i = effect === 'breaks' ? VALUES * 8 : VALUES; i > 0 && !isDone(); i--) {
        const outcome = outcomeOf(writer, reader, randomValue(writer.of, random))
        if (outcome === 'not written') notWritten += 1
        else outcomes.push(outcome)
      }
      counts[effect] += 1
      if (effect === 'limited' && outcomes.includes('refused')) refused += 1
      const where = (): string => {
        const lines = formatDiff(diff)
        return `${effect}, ${JSON.stringify(writer.of)} read as ${JSON.stringify(reader.of)}\n${lines}`
      }
      const surprise = outcomes.find((outcome) => !allowed.includes(outcome))
      if (surprise !== undefined) expect.fail(`${surprise}: ${where()}`)
      if (effect !== 'breaks' || isDone()) return
      if (outcomes.length > 0 && !mayAgree(writer.of, reader.of)) expect.fail(`all the same: ${where()}`)
      agreeing += 1
    }
    for (let i = 0; i < PAIRS; i++) {
      const random = new Random(SEED + i)
      const from = built(make(random, 3))
      let edit = from?.of ?? { t: 'u8' }
      for (let edits = 1 + random.below(2); edits > 0; edits--) edit = edited(edit, random)
      const to = built(edit)
      if (from === undefined || to === undefined) continue
      const diff = diffDescriptors(from.of, to.of)
      check('newReadsOld', diff, from, to, random)
      check('oldReadsNew', diff, to, from, random)
    }
    // All of it took place.
    expect(counts.none).toBeGreaterThan(300)
    expect(counts.compatible).toBeGreaterThan(100)
    expect(counts.limited).toBeGreaterThan(300)
    expect(counts.breaks).toBeGreaterThan(1000)
    expect(refused).toBeGreaterThan(200)
    expect(agreeing).toBeLessThan(counts.breaks / 50)
    expect(notWritten).toBeLessThan(PAIRS * 5)
  })
})
