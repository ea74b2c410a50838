import fc from 'fast-check'
import { array, bits, rawBits, type Schema, u8 } from '../src/index.ts'
import { type Case, caseOf } from './case.ts'
import { composedCases, type Parts, structCase, wrapped } from './composed-cases.ts'
import { BIT_CASES, LEAF_CASES } from './leaf-cases.ts'

type Cases = fc.Arbitrary<Case>

function oneOf(cases: Readonly<Record<string, Cases>>, ...without: string[]): Cases[] {
  return Object.entries(cases)
    .filter(([name]) => !without.includes(name))
    .map(([, of]) => of)
}

const { anyBytes, anyBits } = fc.letrec<Record<'keyBytes' | 'keyBits' | 'anyBytes' | 'anyBits', Case>>(
  (tie) => {
    const partsOf = (any: 'keyBytes' | 'keyBits' | 'anyBytes' | 'anyBits'): Parts => ({
      any: tie(any),
      key: tie(any.endsWith('Bits') ? 'keyBits' : 'keyBytes'),
      bits: tie(any.startsWith('key') ? 'keyBits' : 'anyBits'),
    })
    const plain = oneOf(LEAF_CASES)
    const packed = [...plain, ...oneOf(BIT_CASES), ...oneOf(BIT_CASES)]
    const level = (leaves: Cases[], composed: Cases[]): Cases =>
      fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.oneof(...leaves), ...composed)
    const keyed = ['ptr', 'poly', 'entropy', 'optional', 'virtualBase']
    return {
      keyBytes: level(plain, oneOf(composedCases(partsOf('keyBytes'), 'bytes'), ...keyed)),
      keyBits: level(
        [...plain, ...oneOf(BIT_CASES, 'rangeFloat')],
        oneOf(composedCases(partsOf('keyBits'), 'bits'), ...keyed),
      ),
      anyBytes: level(plain, oneOf(composedCases(partsOf('anyBytes'), 'bytes'))),
      anyBits: level(packed, oneOf(composedCases(partsOf('anyBits'), 'bits'))),
    }
  },
)

/** Cases of schemas of any type and depth. Those with bit packing at the top lie at every bit position. */
export const anyCase: Cases = fc.oneof(anyBytes, bitsAt(anyBits))

/** Wraps cases into bit packing, behind 0 to 7 bits that are known when code is made, or behind as many that are not. */
function bitsAt(of: Cases): Cases {
  return fc.tuple(fc.nat(7), fc.boolean(), of).map(([before, isKnown, one]) => {
    if (before === 0) return wrapped(one, bits)
    const ahead = isKnown
      ? caseOf<unknown>(rawBits(before) as Schema<unknown>, fc.nat(2 ** before - 1))
      : caseOf(array(rawBits(1), 30), fc.array(fc.nat(1), { maxLength: 30 }))
    const all = structCase([
      ['ahead', ahead],
      ['one', one],
      ['behind', caseOf(u8, fc.nat(255))],
    ])
    return wrapped(all, bits)
  })
}

/** Cases of each type by its name, of little depth: outside bit packing and, at every bit position, inside. */
export function casesByType(): ReadonlyMap<string, Cases> {
  const shallow = { keyBytes: fc.oneof(...oneOf(LEAF_CASES)), keyBits: fc.oneof(...oneOf(LEAF_CASES)) }
  const inside = fc.oneof(...oneOf(LEAF_CASES), ...oneOf(BIT_CASES))
  const plain: Record<string, Cases> = {
    ...LEAF_CASES,
    ...composedCases({ any: shallow.keyBytes, key: shallow.keyBytes, bits: inside }, 'bytes'),
  }
  const packed: Record<string, Cases> = {
    ...LEAF_CASES,
    ...BIT_CASES,
    ...composedCases({ any: inside, key: shallow.keyBits, bits: inside }, 'bits'),
  }
  return new Map(
    Object.entries(packed).map(([name, of]) => {
      const outside = plain[name]
      return [name, outside === undefined ? bitsAt(of) : fc.oneof(outside, bitsAt(of))]
    }),
  )
}
