import { getHeapStatistics } from 'node:v8'
import { Source } from '../src/index.ts'
import type { Target } from './corpus.ts'
import { mutated } from './mutation.ts'
import { Random } from './random.ts'

/** How many bytes of heap a byte of input may take. */
export const HEAP_PER_BYTE = 64
/**
 * What a read may take besides: 16 KiB of any kind, the objects that the schema itself asks for, whatever the bytes say, and the 256 elements
 * that no bytes justify (the default of `emptyElementsMax`), 72 bytes each.
 */
export const HEAP_PER_READ = 16_384 + 1024 + 256 * 72

/** What the inputs of one schema took from the heap. */
export interface HeapFinding {
  readonly target: Target
  /** What one read took on its way, garbage included, for each byte of input: of all inputs together. */
  readonly perByte: number
  /** The input that took the most above its allowance to read, and what reading it took, garbage included. */
  readonly taken: Weighed
  /** The input of the heaviest value, and what is left of one. The same as `taken` where that is within the limits: what is left is less. */
  readonly left: Weighed
  readonly isOver: boolean
}

/** An input and bytes of heap. */
interface Weighed {
  readonly source: Source
  readonly heap: number
}

/** How many copies of one value are weighed. */
const COPIES = 64

/**
 * Weighs reads. What a read takes from the heap, garbage included, is seen between two looks at the heap with no collection between
 * them; only where that is above the limits, copies of the value are kept and weighed between two collections.
 */
export class HeapRun {
  readonly #random: Random

  constructor(seed: number) {
    if (globalThis.gc === undefined) throw new Error('run with --expose-gc to weigh the heap')
    this.#random = new Random(seed)
  }

  /** Weighs so many inputs of a schema and as many mutated ones; undefined if it has none with bytes. */
  weigh(target: Target, count: number): HeapFinding | undefined {
    const weighed = this.#inputsOf(target, count).map((input) => {
      const source = new Source(input)
      return { source, heap: takenBy(target, source) }
    })
    if (weighed.length === 0) return undefined
    weighed.sort((one, other) => excess(other) - excess(one))
    const [taken] = weighed
    const left = excess(taken) > 0 ? leftBy(target, weighed.slice(0, 2)) : taken
    const bytes = weighed.reduce((sum, { source }) => sum + source.bytes.length, 0)
    const perByte = weighed.reduce((sum, { heap }) => sum + heap, 0) / bytes
    return { target, perByte, taken, left, isOver: excess(left) > 0 }
  }

  /** The samples of a schema and mutations of them; none is empty. */
  #inputsOf({ samples }: Target, count: number): Uint8Array[] {
    const random = this.#random
    const inputs = samples.slice(0, count).map((sample) => sample.slice())
    while (inputs.length < count * 2) {
      inputs.push(mutated(random.oneOf(samples), random.oneOf(samples), random).slice())
    }
    return inputs.filter((input) => input.length > 0)
  }

  summary(found: readonly HeapFinding[]): string[] {
    const byRead = [...found].sort((one, other) => excess(other.taken) - excess(one.taken))
    const byValue = [...found].sort((one, other) => excess(other.left) - excess(one.left))
    const limit = `${HEAP_PER_BYTE} bytes a byte and ${HEAP_PER_READ} a read`
    const above = (count: HeapFinding[]): string =>
      `${count.length} of ${found.length} schemas above ${limit}`
    const line = ({ source, heap }: Weighed, { target }: HeapFinding): string => {
      const hex = Buffer.from(source.bytes.subarray(0, 20)).toString('hex')
      return `  ${Math.round(heap)} bytes for ${source.bytes.length} (${hex}): ${nameOf(target)}`
    }
    return [
      `taken by a read, garbage included: ${above(found.filter(({ taken }) => excess(taken) > 0))}`,
      ...byRead.slice(0, 10).map((one) => line(one.taken, one)),
      `left by a read: ${above(found.filter(({ isOver }) => isOver))}`,
      ...byValue.slice(0, 10).map((one) => line(one.left, one)),
    ]
  }
}

function nameOf({ descriptor, compiled }: Target): string {
  const text = JSON.stringify(descriptor)
  return `${compiled.options.byteOrder} ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`
}

/** The heap above what the limits allow for an input. */
function excess({ source, heap }: Weighed): number {
  return heap - HEAP_PER_BYTE * source.bytes.length - HEAP_PER_READ
}

function memory(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The heaviest of these, by what is left of reading it: also where the read ended with an error. */
function leftBy({ compiled }: Target, candidates: readonly Weighed[]): Weighed {
  const left = candidates.map(({ source }) => {
    const kept: unknown[] = new Array(COPIES).fill(undefined)
    const before = memory()
    for (let i = 0; i < COPIES; i++) kept[i] = compiled.read(source, 0, source.bytes.length)
    const heap = (memory() - before) / COPIES
    return { source, heap: kept.length > 0 ? Math.max(0, heap) : 0 }
  })
  return left.reduce((one, other) => (excess(other) > excess(one) ? other : one))
}

const ATTEMPTS = 7

/**
 * What one read takes, garbage included. A collection within it hides that, and the compiler of the engine takes some for itself:
 * the middle one of several reads counts.
 */
function takenBy({ compiled }: Target, source: Source): number {
  const size = source.bytes.length
  const heaps: number[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = getHeapStatistics()
    compiled.read(source, 0, size)
    const after = getHeapStatistics()
    const external = after.external_memory - before.external_memory
    heaps.push(after.used_heap_size - before.used_heap_size + external)
  }
  return heaps.sort((one, other) => one - other)[ATTEMPTS >> 1]
}
