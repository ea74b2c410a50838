import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { type Schema, Source } from '../src/index.ts'
import type { Case } from './case.ts'
import { expected } from './expected.ts'
import { nowMs } from './options.ts'
import { settled } from './settled.ts'

/** How much to do for a type. */
export interface ValuePlan {
  readonly values: number
  readonly schemas: number
  readonly seed: number
}

/** What was done for a type. */
export interface ValueReport {
  readonly values: number
  readonly bytes: number
  readonly ms: number
  readonly failures: number
}

/** Values are drawn in batches: one batch is all that is in memory. */
const BATCH = 5000
/** So many failures of a type are told, the others are counted. */
const PROBLEMS_MAX = 3
const ROOM = 1 << 20

const compiledBytes = new Source(new Uint8Array(ROOM))
const interpretedBytes = new Source(new Uint8Array(ROOM))

/** Draws schemas of one type and values for each, and lets every value go there and back on both back ends. */
export function runType(
  cases: fc.Arbitrary<Case>,
  plan: ValuePlan,
  tell: (problem: string) => void,
): ValueReport {
  const startMs = nowMs()
  const schemas = fc.sample(cases, { seed: plan.seed, numRuns: plan.schemas })
  let [values, bytes, failures] = [0, 0, 0]
  for (const [index, one] of schemas.entries()) {
    const wanted = Math.ceil((plan.values - values) / (schemas.length - index))
    const trip = new Trip(one, index % 2 === 0 ? 'little' : 'big')
    for (let done = 0; done < wanted; done += BATCH) {
      const seed = plan.seed + index * 1_000_003 + done
      for (const draft of fc.sample(one.values, { seed, numRuns: Math.min(BATCH, wanted - done) })) {
        const problem = trip.problemOf(draft)
        values += 1
        bytes += trip.size
        if (problem === '') continue
        failures += 1
        if (failures <= PROBLEMS_MAX) tell(`seed ${seed}: ${problem}`)
      }
    }
  }
  return { values, bytes, ms: nowMs() - startMs, failures }
}

/** The way of values of one schema through both back ends. */
class Trip {
  /** The bytes of the last value. */
  size = 0
  readonly #compiled: Schema<unknown>
  readonly #interpreted: Schema<unknown>
  readonly #descriptor: Case['schema']['descriptor']

  constructor({ schema }: Case, byteOrder: 'little' | 'big') {
    this.#compiled = schema.with({ byteOrder })
    this.#interpreted = schema.with({ byteOrder, backend: 'interpreted' })
    this.#descriptor = schema.descriptor
  }

  /** What went wrong with a value, or `''`. */
  problemOf(draft: unknown): string {
    const value = settled(this.#descriptor, draft)
    let wrong: string
    try {
      wrong = this.#wrongWith(value)
    } catch (error) {
      wrong = String(error)
    }
    if (wrong === '') return ''
    const { byteOrder } = this.#compiled.options
    return `${wrong}; ${byteOrder} ${JSON.stringify(this.#descriptor)} of ${inspect(value, { depth: 12 })}`
  }

  #wrongWith(value: unknown): string {
    const size = this.#compiled.write(value, compiledBytes, 0)
    this.size = size
    if (this.#interpreted.write(value, interpretedBytes, 0) !== size) return 'sizes differ'
    const written = compiledBytes.bytes
    for (let i = 0; i < size; i++) if (written[i] !== interpretedBytes.bytes[i]) return `byte ${i} differs`
    if (this.#compiled.measure(value) !== size) return 'measured wrong'
    if (size < this.#compiled.sizeMin || size > this.#compiled.sizeMax)
      return 'outside of sizeMin and sizeMax'
    const wanted = expected(this.#descriptor, value)
    for (const schema of [this.#compiled, this.#interpreted]) {
      const result = schema.read(compiledBytes, 0, size)
      const { backend } = schema.options
      if (compiledBytes.error !== '') return `${backend}: ${compiledBytes.error}`
      if (compiledBytes.position !== size)
        return `${backend}: read up to ${compiledBytes.position} of ${size}`
      if (!isDeepStrictEqual(result, wanted)) return `${backend}: read ${inspect(result, { depth: 12 })}`
    }
    return ''
  }
}
