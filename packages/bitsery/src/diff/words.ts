import type { Descriptor, WholeJson } from '../base/grammar.ts'

/** How many names of fields, values and alternatives stand in a description. */
const NAMES_MAX = 6

/** A descriptor in a few words: `array of at most 10 u8`. */
export function describe(of: Descriptor): string {
  switch (of.t) {
    case 'enum':
      return `enum of ${of.signed === true ? 'i' : 'u'}${of.size * 8}`
    case 'text':
      return `text of at most ${of.max}${unitWords(of.char)}`
    case 'fixedText':
      return `fixedText of ${of.n}${unitWords(of.char)}`
    case 'array':
    case 'queue':
    case 'stack':
      return `${of.t} of at most ${of.max} ${describe(of.of)}`
    case 'set':
      return `${of.multi === true ? 'multi' : ''}set of at most ${of.max} ${describe(of.of)}`
    case 'map':
      return `${of.multi === true ? 'multi' : ''}map of at most ${of.max} ${describe(of.key)} to ${describe(of.value)}`
    case 'fixedArray':
      return `fixedArray of ${of.n} ${describe(of.of)}`
    case 'struct':
      return `struct {${few(of.fields.map(([name]) => name))}}`
    case 'tuple':
      return `tuple (${few(of.of.map(describe))})`
    case 'variant':
      return `variant of ${few(of.of.map(describe), ' | ')}`
    case 'rawBits':
    case 'bitset':
      return `${of.t} of ${of.n}`
    case 'range':
      return `range of ${of.of} from ${of.min} to ${of.max}`
    case 'rangeFloat': {
      const fine = 'bits' in of ? `${of.bits} bits` : `steps of ${of.precision}`
      return `range of ${of.of} from ${of.min} to ${of.max} in ${fine}`
    }
    case 'entropy':
      return `entropy of ${describe(of.of)} with ${of.values.length} values${of.align ? ', aligned' : ''}`
    case 'optional':
      return `optional ${describe(of.of)}${of.align ? '' : ', not aligned'}`
    case 'virtualBase':
      return `virtual base ${JSON.stringify(of.id)} ${describe(of.of)}`
    case 'ptr':
      return `${of.notNull === true ? 'not null ' : ''}${of.kind} pointer to ${describe(of.of)}`
    case 'poly':
      return `${of.notNull === true ? 'not null ' : ''}${of.kind} pointer to one of ${few(of.of.map(([name]) => name))}`
    case 'compact':
    case 'compactChecked':
    case 'bits':
    case 'growable':
    case 'base':
    case 'duration':
    case 'timePoint':
      return `${of.t} ${typeof of.of === 'string' ? of.of : describe(of.of)}`
    default:
      return of.t
  }
}

function unitWords(char: 1 | 2 | 4): string {
  return char === 1 ? '' : ` units of ${char} bytes`
}

/** Names in a list that stays short. */
export function few(names: readonly string[], between = ', '): string {
  const shown = names.slice(0, NAMES_MAX)
  return names.length > NAMES_MAX ? `${shown.join(between)}${between}…` : shown.join(between)
}

type Values = readonly (readonly [name: string, value: WholeJson])[]

/** The values of an enumeration that another hasn't got. */
export function valueWords(
  of: Descriptor & { readonly t: 'enum' },
  other: Descriptor & { readonly t: 'enum' },
): string {
  if (of.values === undefined) return 'any number'
  const words = (values: Values | undefined): string[] =>
    values?.map(([name, value]) => `${name} = ${value}`) ?? []
  const others = words(other.values)
  return few(words(of.values).filter((value) => !others.includes(value))) || 'without'
}
