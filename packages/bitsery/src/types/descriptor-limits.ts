import { BitseryError, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'

/** What a descriptor may ask for. */
export interface DescriptorLimits {
  /**
   * How many schemas, names and listed values it may have in all, those in a growable once more for each growable around them.
   * Default 4,096.
   */
  readonly nodesMax?: number | undefined
  /**
   * How many values its schema may ask for that no bytes decide on: the elements of fixed arrays and bitsets, multiplied where they lie in
   * each other, and those in a growable once more for each growable around them. Default 65,536.
   */
  readonly valuesMax?: number | undefined
}

/** Counts what one descriptor asks for, and throws BitseryError above its limits. */
export class DescriptorCount {
  readonly #nodesMax: number
  readonly #valuesMax: number
  #nodes = 0
  #values = 0

  constructor({ nodesMax = 4096, valuesMax = 65_536 }: DescriptorLimits) {
    this.#nodesMax = limitOf('nodesMax', nodesMax)
    this.#valuesMax = limitOf('valuesMax', valuesMax)
  }

  /** A schema comes, with as many names and listed values. */
  node(path: string, growables: number, descriptor: Descriptor): void {
    this.#nodes += (1 + listed(descriptor)) * (1 + growables)
    if (this.#nodes > this.#nodesMax)
      throw new BitseryError(path, `at most ${this.#nodesMax} schemas, names and values (nodesMax)`, 'more')
  }

  /** The whole descriptor is known to be right. */
  whole(descriptor: Descriptor): void {
    this.#values = 0
    const values = this.#valuesOf(descriptor) + this.#values
    if (values > this.#valuesMax)
      throw new BitseryError(
        'descriptor',
        `a schema of at most ${this.#valuesMax} values (valuesMax)`,
        `${values}`,
      )
  }

  /** How many values there are in one of all zeros, at most. */
  #valuesOf(descriptor: Descriptor): number {
    const sum = (all: readonly Descriptor[]): number =>
      all.reduce((total, of) => total + this.#valuesOf(of), 0)
    switch (descriptor.t) {
      case 'fixedArray':
        return 1 + descriptor.n * this.#valuesOf(descriptor.of)
      case 'bitset':
        return 1 + descriptor.n
      case 'struct':
        return 1 + sum(descriptor.fields.map(([, of]) => of))
      case 'tuple':
      case 'variant':
        return 1 + sum(descriptor.of)
      case 'poly':
        return 1 + sum(descriptor.of.map(([, of]) => of))
      case 'map':
        return 1 + sum([descriptor.key, descriptor.value])
      case 'growable': {
        const values = this.#valuesOf(descriptor.of)
        this.#values += values
        return values
      }
      case 'duration':
      case 'timePoint':
        return 1
      default:
        return 'of' in descriptor && typeof descriptor.of === 'object' ? 1 + sum([descriptor.of]) : 1
    }
  }
}

function limitOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new BitseryError(name, 'an integer from 1', phrase(value))
}

/** The names of an enumeration or a variant, the listed values of an entropy. */
function listed(descriptor: Descriptor): number {
  const lists = descriptor as { readonly values?: unknown; readonly names?: unknown }
  const sizeOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0)
  return sizeOf(lists.values) + sizeOf(lists.names)
}
