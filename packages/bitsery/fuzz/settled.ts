import type { Descriptor, PointerKind } from '../src/index.ts'
import { below, mapped } from './expected.ts'

/** What stands for a pointer before its number is known: `pick` decides which of the possible ones it gets. */
export interface PointerDraft {
  readonly pick: number
  readonly type?: string
  readonly value?: unknown
}

const unsettled = new WeakMap<Descriptor, boolean>()

function hasDrafts(descriptor: Descriptor): boolean {
  let known = unsettled.get(descriptor)
  if (known === undefined) {
    const { t } = descriptor
    known = t === 'ptr' || t === 'poly' || t === 'virtualBase' || below(descriptor).some(hasDrafts)
    unsettled.set(descriptor, known)
  }
  return known
}

/**
 * A drawn value as one that fits its schema: pointers get the numbers that C++ would give, virtual bases are equal wherever
 * one object has them.
 */
export function settled(descriptor: Descriptor, value: unknown): unknown {
  return hasDrafts(descriptor) ? new Settling().value(descriptor, value) : value
}

class Settling {
  #ids = 0
  /** Ids that only observers have mentioned so far. */
  readonly #awaited: number[] = []
  readonly #shared: number[] = []
  readonly #all: number[] = []
  #bases = new Map<string, unknown>()
  #isBase = false

  value(descriptor: Descriptor, value: unknown): unknown {
    if (!hasDrafts(descriptor)) return value
    const inside = (of: Descriptor, part: unknown): unknown => this.value(of, part)
    switch (descriptor.t) {
      case 'ptr':
        return this.#pointer(descriptor.kind, value as PointerDraft | null, () => descriptor.of)
      case 'poly':
        return this.#pointer(descriptor.kind, value as PointerDraft | null, (type) => {
          return descriptor.of.find(([name]) => name === type)?.[1] as Descriptor
        })
      case 'struct': {
        const outer = this.#bases
        if (!this.#isBase) this.#bases = new Map()
        this.#isBase = false
        const result = mapped(descriptor, value, inside)
        this.#bases = outer
        return result
      }
      case 'base':
        return this.#inBase(descriptor.of, value)
      case 'virtualBase': {
        if (!this.#bases.has(descriptor.id)) {
          this.#bases.set(descriptor.id, undefined)
          this.#bases.set(descriptor.id, this.#inBase(descriptor.of, value))
        }
        return this.#bases.get(descriptor.id)
      }
      default:
        return mapped(descriptor, value, inside)
    }
  }

  #inBase(of: Descriptor, value: unknown): unknown {
    this.#isBase = true
    const result = this.value(of, value)
    this.#isBase = false
    return result
  }

  #pointer(
    kind: PointerKind,
    draft: PointerDraft | null,
    classOf: (type: string | undefined) => Descriptor,
  ): unknown {
    if (draft === null) return null
    const { pick, ...content } = draft
    if (kind === 'observer') return { ref: this.#observed(pick) }
    if ((kind === 'shared' || kind === 'weak') && pick % 2 === 0 && this.#shared.length > 0)
      return { ref: this.#shared[pick % this.#shared.length] }
    const id = (pick % 3 === 0 ? this.#awaited.shift() : undefined) ?? this.#next()
    if (kind === 'shared' || kind === 'weak') this.#shared.push(id)
    return { id, ...content, value: this.value(classOf(content.type), content.value) }
  }

  #observed(pick: number): number {
    if (pick % 3 > 0 && this.#all.length > 0) return this.#all[pick % this.#all.length]
    const id = this.#next()
    this.#awaited.push(id)
    return id
  }

  #next(): number {
    this.#ids += 1
    this.#all.push(this.#ids)
    return this.#ids
  }
}
