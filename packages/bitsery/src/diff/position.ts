import type { Descriptor } from '../base/grammar.ts'
import { bitLength, layoutOf } from './layout.ts'

/** A place in a byte, 0 to 7; undefined when it depends on the values before it. */
export type BitPosition = number | undefined

/** Where in a byte a bit-packed value ends that starts at `position`. */
export function positionAfter(descriptor: Descriptor, position: BitPosition): BitPosition {
  const layout = layoutOf(descriptor, true)
  switch (layout.form) {
    case 'whole':
      return moved(position, layout.bits)
    case 'sequence':
      return layout.items.reduce((at: BitPosition, { of }) => positionAfter(of, at), position)
    case 'repeat': {
      if (layout.n > 64) return common(position, positionAfter(layout.of, position))
      let at = position
      for (let i = 0; i < layout.n; i++) at = positionAfter(layout.of, at)
      return at
    }
    case 'list':
      return common(position, positionAfter(layout.of, position))
    case 'compact':
      return position
    default:
      return afterOther(layout.of, position)
  }
}

function afterOther(of: Descriptor, position: BitPosition): BitPosition {
  switch (of.t) {
    case 'align':
    case 'growable':
      return 0
    case 'optional': {
      const start = of.align ? 0 : moved(position, 1)
      return common(start, positionAfter(of.of, start))
    }
    case 'entropy': {
      const start = of.align ? 0 : moved(position, bitLength(BigInt(of.values.length)))
      return common(start, positionAfter(of.of, start))
    }
    case 'rangeFloat':
      return moved(position, floatBits(of))
    case 'bitset':
      return moved(position, of.n)
    case 'variant':
      return of.of.length === 0 ? position : common(...of.of.map((each) => positionAfter(each, position)))
    case 'virtualBase':
    case 'ptr':
      return common(position, positionAfter(of.of, position))
    case 'poly':
      return common(position, ...of.of.map(([, each]) => positionAfter(each, position)))
    default:
      return position
  }
}

function moved(position: BitPosition, bits: number): BitPosition {
  return position === undefined ? undefined : (position + bits) % 8
}

function common(...positions: readonly BitPosition[]): BitPosition {
  return positions.every((position) => position === positions[0]) ? positions[0] : undefined
}

/** How many bits a float in a range takes. */
export function floatBits(of: Descriptor & { readonly t: 'rangeFloat' }): number {
  if ('bits' in of) return of.bits
  const round = of.of === 'f32' ? Math.fround : Number
  const span = round(round(of.max) - round(of.min))
  const steps = Math.trunc(round(span / round(of.precision)))
  return Number.isFinite(steps) ? bitLength(BigInt(steps)) : 0
}
