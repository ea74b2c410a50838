import type { Descriptor } from '../base/grammar.ts'
import { bothWays, type Effects, type WireEffect, worst } from './change.ts'
import { atomsOf, type Layout } from './layout.ts'
import { contains } from './parts.ts'
import { type End, type Place, positionAfterIf } from './place.ts'
import type { BitPosition } from './position.ts'

/**
 * What it does that these come behind all others, or were there. At the end of a growable a reader that wants more gets
 * zeros, and one that wants less skips. `position` is where in a byte the shorter one ends.
 */
export function tailEffects(
  items: readonly Descriptor[],
  edit: 'added' | 'removed',
  end: End,
  position: BitPosition,
): Effects {
  if (!(edit === 'added' ? end.from : end.to)) return bothWays('breaks')
  const zeros = worst(...items.map(readZeros))
  const skipped = skip(items, position)
  return edit === 'added'
    ? { newReadsOld: zeros, oldReadsNew: skipped }
    : { newReadsOld: skipped, oldReadsNew: zeros }
}

/** What it does that a fixed array has more or fewer elements. */
export function lengthEffects(
  a: Layout & { form: 'repeat' },
  b: Layout & { form: 'repeat' },
  place: Place,
): Effects {
  const isSame = atomsOf(a.of, place.isPacked).join() === atomsOf(b.of, place.isPacked).join()
  const elements = Math.min(a.n, b.n)
  const position = positionAfterIf(place, { t: 'fixedArray', n: elements, of: a.of })
  const effects = tailEffects([b.of], a.n < b.n ? 'added' : 'removed', place.end, position)
  if (!isSame && elements > 0) return bothWays('breaks')
  // Numbers are read in one go: if they aren't all there, none is.
  const isBulk = elements > 0 && (/^[uif]\d+$/.test(a.of.t) || a.of.t === 'enum')
  if (!isBulk) return effects
  return a.n < b.n ? { ...effects, newReadsOld: 'breaks' } : { ...effects, oldReadsNew: 'breaks' }
}

function skip(items: readonly Descriptor[], position: BitPosition): WireEffect {
  // A reader that stops within a byte takes the rest of it for padding, which must be 0.
  if (position !== 0) return 'breaks'
  // Observers elsewhere may point to what is skipped.
  const hasPointers = items.some((of) => contains(of, ({ t }) => t === 'ptr' || t === 'poly'))
  return hasPointers ? 'limited' : 'compatible'
}

/** What a reader makes of the zeros that stand for what isn't there. */
function readZeros(of: Descriptor): WireEffect {
  switch (of.t) {
    case 'enum': {
      const hasZero = of.values?.some(([, value]) => Number(value) === 0) ?? true
      return hasZero ? 'compatible' : 'limited'
    }
    case 'struct':
      return worst('compatible', ...of.fields.map(([, field]) => readZeros(field)))
    case 'tuple':
      return worst('compatible', ...of.of.map(readZeros))
    case 'fixedArray':
      return of.n === 0 ? 'compatible' : readZeros(of.of)
    case 'variant':
      return of.of.length === 0 ? 'breaks' : readZeros(of.of[0])
    case 'ptr':
    case 'poly':
      return of.notNull === true || of.kind === 'referenced' ? 'breaks' : 'compatible'
    case 'bits':
    case 'growable':
    case 'base':
    case 'virtualBase':
    case 'entropy':
      return readZeros(of.of)
    default:
      return 'compatible'
  }
}
