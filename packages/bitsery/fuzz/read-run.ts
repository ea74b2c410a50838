import { isDeepStrictEqual } from 'node:util'
import { type Descriptor, type Schema, Source } from '../src/index.ts'
import type { Place } from './case.ts'
import type { Target } from './corpus.ts'
import { below } from './expected.ts'
import { INPUT_SIZE_MAX, mutated } from './mutation.ts'
import { nowMs } from './options.ts'
import { Random } from './random.ts'

/** What a campaign met. */
export interface ReadReport {
  /** How many reads gave a value, and how many each error. */
  readonly outcomes: Readonly<Record<string, number>>
  readonly bytes: number
  /** How many inputs both back ends read, and how many values were written and read again. */
  readonly compared: number
  readonly rewritten: number
  /** The longest read, of those that took long, by the processor time of the best of ten more attempts. */
  readonly slowest: { readonly ms: number; readonly bytes: number; readonly schema: string }
}

const CODES = [
  '',
  'DataOverflow',
  'InvalidData',
  'InvalidPointer',
  'ReadingError',
  'MemoryLimit',
  'KeyCollisions',
]
const COMPARED_EACH = 10
/** Above this, a read is repeated and its processor time taken: the machine may be busy. */
const SUSPECT_MS = 5
const READ_MS_MAX = 50
const ATTEMPTS = 10
const OFFSET_MAX = 8

/** Reads mutated vectors and checks every promise of a read; throws at the first one that is broken. */
export class ReadRun {
  readonly #targets: readonly Target[]
  readonly #random: Random
  readonly #source = new Source(new Uint8Array(INPUT_SIZE_MAX + 2 * OFFSET_MAX))
  readonly #outcomes: Record<string, number> = {}
  readonly #canRewrite: ReadonlyMap<Target, boolean>
  #bytes = 0
  #compared = 0
  #rewritten = 0
  #slowest = { ms: 0, bytes: 0, schema: '' }

  constructor(targets: readonly Target[], seed: number) {
    this.#targets = targets
    this.#random = new Random(seed)
    this.#canRewrite = new Map(targets.map((target) => [target, canRewrite(target.descriptor)]))
  }

  get report(): ReadReport {
    return {
      outcomes: this.#outcomes,
      bytes: this.#bytes,
      compared: this.#compared,
      rewritten: this.#rewritten,
      slowest: this.#slowest,
    }
  }

  /** Reads one input. */
  step(run: number): void {
    const random = this.#random
    const target = random.oneOf(this.#targets)
    const other = random.oneOf(random.oneOf(this.#targets).samples)
    const input = mutated(random.oneOf(target.samples), other, random)
    try {
      this.#check(target, input, run)
    } catch (cause) {
      const { byteOrder } = target.compiled.options
      const hex = Buffer.from(input).toString('hex')
      throw new Error(`run ${run}, ${byteOrder} ${JSON.stringify(target.descriptor)}, bytes ${hex}`, {
        cause,
      })
    }
  }

  #check(target: Target, input: Uint8Array, run: number): void {
    this.#bytes += input.length
    const isCompared = run % COMPARED_EACH === 0
    const schema = run % 5 === 4 ? target.interpreted : target.compiled
    const offset = this.#random.below(OFFSET_MAX)
    const { error, position, value } = this.#read(schema, input, offset, run)
    const code = error === '' ? 'value' : error
    this.#outcomes[code] = (this.#outcomes[code] ?? 0) + 1
    if (isCompared) this.#compare(target, input, { error, position, value })
    if (error === '' && run % 4 === 0 && this.#canRewrite.get(target) === true)
      this.#rewrite(target.compiled, value)
  }

  #read(schema: Schema<unknown>, input: Uint8Array, offset: number, run: number) {
    const end = offset + input.length
    const source = this.#sourceOf(input, offset, run)
    const startMs = nowMs()
    const value = schema.read(source, offset, end)
    const ms = nowMs() - startMs
    const { error, position } = source
    if (!CODES.includes(error)) throw new Error(`error ${error}`)
    if (!(Number.isInteger(position) && position >= offset && position <= end))
      throw new Error(`position ${position - offset}`)
    if (ms > SUSPECT_MS) this.#timeAgain(schema, source, offset, end)
    return { error, position: position - offset, value }
  }

  /** The input in memory that ends with it, or with something else before and behind it each time: neither may matter. */
  #sourceOf(input: Uint8Array, offset: number, run: number): Source {
    const end = offset + input.length
    const source = run % 3 === 0 ? new Source(new Uint8Array(end)) : this.#source
    source.bytes.fill(run & 255, 0, offset).set(input, offset)
    source.bytes.fill(~run & 255, end, end + OFFSET_MAX)
    return source
  }

  #timeAgain(schema: Schema<unknown>, source: Source, offset: number, end: number): void {
    let bestMs = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const start = process.threadCpuUsage()
      schema.read(source, offset, end)
      const { user, system } = process.threadCpuUsage(start)
      bestMs = Math.min(bestMs, (user + system) / 1000)
    }
    if (bestMs > this.#slowest.ms) {
      const text = JSON.stringify(schema.descriptor)
      this.#slowest = { ms: bestMs, bytes: end - offset, schema: `${schema.options.backend} ${text}` }
    }
    if (bestMs > READ_MS_MAX) throw new Error(`a read of ${bestMs} ms`)
  }

  #compare(
    { compiled, interpreted }: Target,
    input: Uint8Array,
    first: { readonly error: string; readonly position: number; readonly value: unknown },
  ): void {
    this.#compared += 1
    for (const schema of [compiled, interpreted]) {
      const result = schema.decode(input)
      const { backend } = schema.options
      if (result.position !== first.position) throw new Error(`${backend}: position ${result.position}`)
      if (!result.ok) {
        if (result.error !== first.error || 'value' in result || result.completed)
          throw new Error(`${backend}: ${JSON.stringify(result)} rather than ${first.error}`)
        continue
      }
      if (first.error !== '') throw new Error(`${backend}: a value rather than ${first.error}`)
      if (!isDeepStrictEqual(result.value, first.value)) throw new Error(`${backend}: another value`)
      if (result.completed !== (result.position === input.length)) throw new Error(`${backend}: completed`)
    }
  }

  /** A value that was read can be written, and comes back the same. */
  #rewrite(schema: Schema<unknown>, value: unknown): void {
    this.#rewritten += 1
    const again = schema.decode(schema.encode(value))
    // What lay behind the value, or in growables behind what is known of them, justified memory too.
    if (!again.ok && again.error === 'MemoryLimit') return
    if (!again.ok || !again.completed || !isDeepStrictEqual(again.value, value))
      throw new Error(`written and read again: ${JSON.stringify(again)}`)
  }
}

/**
 * Truncated floats come back changed, so does a -0 where 0 is listed, so do pointers that C++ would not write (two owners of one object), and a growable that
 * ends within a byte is read and not written.
 */
function canRewrite(descriptor: Descriptor, place: Place = 'bytes'): boolean {
  const { t } = descriptor
  if (t === 'rangeFloat' || t === 'ptr' || t === 'poly') return false
  if (t === 'growable' && place === 'bits') return false
  if (t === 'entropy' && /"f(32|64)"/.test(JSON.stringify(descriptor.of))) return false
  return below(descriptor).every((of) => canRewrite(of, t === 'bits' ? 'bits' : place))
}
