import type { Descriptor } from '../base/grammar.ts'

/** Whether values take no bytes and say nothing. */
export function isEmpty(descriptor: Descriptor, isPacked: boolean): boolean {
  switch (descriptor.t) {
    case 'struct':
      return descriptor.fields.every(([, of]) => isEmpty(of, isPacked))
    case 'tuple':
      return descriptor.of.every((of) => isEmpty(of, isPacked))
    case 'fixedArray':
      return descriptor.n === 0 || isEmpty(descriptor.of, isPacked)
    case 'base':
    case 'virtualBase':
    case 'bits':
      return isEmpty(descriptor.of, isPacked)
    case 'align':
      return !isPacked
    case 'bitset':
      return descriptor.n === 0
    default:
      return false
  }
}

/** The descriptors right inside another. */
export function partsOf(descriptor: Descriptor): readonly Descriptor[] {
  switch (descriptor.t) {
    case 'struct':
      return descriptor.fields.map(([, of]) => of)
    case 'tuple':
    case 'variant':
      return descriptor.of
    case 'poly':
      return descriptor.of.map(([, of]) => of)
    case 'map':
      return [descriptor.key, descriptor.value]
    case 'array':
    case 'queue':
    case 'stack':
    case 'fixedArray':
    case 'optional':
    case 'bits':
    case 'growable':
    case 'base':
    case 'entropy':
    case 'set':
    case 'virtualBase':
    case 'ptr':
      return [descriptor.of]
    case 'duration':
    case 'timePoint':
      return [{ t: descriptor.of }]
    default:
      return []
  }
}

/** Whether this or anything inside is so. */
export function contains(descriptor: Descriptor, isSo: (of: Descriptor) => boolean): boolean {
  return isSo(descriptor) || partsOf(descriptor).some((part) => contains(part, isSo))
}

const BIT_SIZED = new Set([
  'bool',
  'optional',
  'bitset',
  'align',
  'rawBits',
  'range',
  'rangeFloat',
  'entropy',
])

/** Whether bit packing changes the bytes of this. */
export function needsBits(descriptor: Descriptor): boolean {
  return contains(descriptor, ({ t }) => BIT_SIZED.has(t))
}
