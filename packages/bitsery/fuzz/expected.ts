import type { Descriptor } from '../src/index.ts'

type Of<T extends Descriptor['t']> = Extract<Descriptor, { readonly t: T }>

/** A float range by the formula of the format: every operation is rounded to the type, codes are truncated. */
export interface FloatRange {
  readonly min: number
  readonly max: number
  /** How far the value of a code is from the next one. */
  readonly step: number
  codeOf(value: number): number
  /** What a code stands for, which may be above `max` by rounding. */
  decode(code: number): number
}

export function floatRangeOf(descriptor: Of<'rangeFloat'>): FloatRange {
  const t = descriptor.of === 'f32' ? Math.fround : (value: number) => value
  const [min, max] = [t(descriptor.min), t(descriptor.max)]
  const span = t(max - min)
  let bits = 0
  if ('bits' in descriptor) bits = descriptor.bits
  else for (let left = Math.trunc(t(span / t(descriptor.precision))); left >= 1; left /= 2) bits += 1
  const codeMax = t(2 ** bits - 1)
  return {
    min,
    max,
    step: span / codeMax,
    codeOf: (value) => Math.trunc(t(t(t(t(value) - min) / span) * codeMax)),
    decode: (code) => t(min + t(t(t(code) / codeMax) * span)),
  }
}

/**
 * What reading gives for a value that was written, where that is not the value itself: float ranges are quantised, and
 * a listed 0 stands for -0.
 */
export function expected(descriptor: Descriptor, value: unknown): unknown {
  if (isExact(descriptor)) return value
  switch (descriptor.t) {
    case 'rangeFloat': {
      const range = floatRangeOf(descriptor)
      return Math.min(range.decode(range.codeOf(value as number)), range.max)
    }
    case 'entropy':
      return expectedEntropy(descriptor, value)
    case 'ptr':
    case 'poly': {
      if (value === null || 'ref' in (value as object)) return value
      const pointed = value as { readonly type?: string; readonly value: unknown }
      const of = descriptor.t === 'ptr' ? descriptor.of : classOf(descriptor, pointed.type)
      return { ...pointed, value: expected(of, pointed.value) }
    }
    default:
      return mapped(descriptor, value, expected)
  }
}

function expectedEntropy({ of, values }: Of<'entropy'>, value: unknown): unknown {
  if (of.t !== 'f32' && of.t !== 'f64' && of.t !== 'rangeFloat') return expected(of, value)
  const t = of.t === 'f32' || (of.t === 'rangeFloat' && of.of === 'f32') ? Math.fround : Number
  const listed = values.map((json) => t(Number(json))).find((known) => known === t(value as number))
  return listed ?? expected(of, value)
}

function classOf({ of }: Of<'poly'>, type: string | undefined): Descriptor {
  const known = of.find(([name]) => name === type)
  if (known === undefined) throw new Error(`no class ${type}`)
  return known[1]
}

const exact = new WeakMap<Descriptor, boolean>()

/** Whether what is read is always what was written. */
function isExact(descriptor: Descriptor): boolean {
  let known = exact.get(descriptor)
  if (known === undefined) {
    known = descriptor.t !== 'rangeFloat' && descriptor.t !== 'entropy' && below(descriptor).every(isExact)
    exact.set(descriptor, known)
  }
  return known
}

/** The descriptors right below a descriptor. */
export function below(descriptor: Descriptor): readonly Descriptor[] {
  switch (descriptor.t) {
    case 'struct':
      return descriptor.fields.map(([, of]) => of)
    case 'poly':
      return descriptor.of.map(([, of]) => of)
    case 'map':
      return [descriptor.key, descriptor.value]
    case 'tuple':
    case 'variant':
      return descriptor.of
    default:
      return 'of' in descriptor && typeof descriptor.of === 'object' ? [descriptor.of as Descriptor] : []
  }
}

/** A copy of a value with what lies right below replaced, in the order of the bytes. */
export function mapped(
  descriptor: Descriptor,
  value: unknown,
  change: (descriptor: Descriptor, value: unknown) => unknown,
): unknown {
  switch (descriptor.t) {
    case 'struct': {
      const members = value as Record<string, unknown>
      const fields = descriptor.fields.filter(([, of]) => of.t !== 'align')
      return Object.fromEntries(fields.map(([name, of]) => [name, change(of, members[name])]))
    }
    case 'array':
    case 'fixedArray':
    case 'queue':
    case 'stack':
      return (value as unknown[]).map((element) => change(descriptor.of, element))
    case 'set': {
      const elements = Array.from(value as Iterable<unknown>, (element) => change(descriptor.of, element))
      return descriptor.multi === true ? elements : new Set(elements)
    }
    case 'map': {
      const entries = Array.from(value as Iterable<[unknown, unknown]>, ([key, of]): [unknown, unknown] => [
        change(descriptor.key, key),
        change(descriptor.value, of),
      ])
      return descriptor.multi === true ? entries : new Map(entries)
    }
    case 'tuple':
      return (value as unknown[]).map((element, index) => change(descriptor.of[index], element))
    case 'variant': {
      const given = value as { readonly index?: number; readonly type?: string; readonly value: unknown }
      const index = given.index ?? descriptor.names?.indexOf(given.type as string) ?? -1
      return { ...given, value: change(descriptor.of[index], given.value) }
    }
    case 'optional':
      return value === undefined || value === null ? undefined : change(descriptor.of, value)
    case 'bits':
    case 'growable':
    case 'base':
    case 'virtualBase':
      return change(descriptor.of, value)
    default:
      return value
  }
}
