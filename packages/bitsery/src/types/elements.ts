import { type Issue, issueUnder } from '../base/errors.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import { chargeMemory } from '../emitters/memory-budget.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { arrayMemory, SLOT } from '../nodes/memory.ts'
import { type BitBounds, fixedSize, type Node, repeated } from '../nodes/node.ts'

/** Values of one node one after the other: what is common to arrays of all kinds, and what maps and sets are made of. */
export class Elements {
  readonly of: Node
  /** The bytes of an element, if C++ reads all elements at once: all or none. */
  readonly #bulkSize: number | undefined
  /** The fewest bits of an element, inside bit packing and outside. */
  readonly #bitsMin: number
  readonly #byteBitsMin: number

  constructor(of: Node, reading: 'bulk' | 'one by one' = 'bulk') {
    this.of = of
    this.#bitsMin = of.bounds(true).min
    this.#byteBitsMin = of.bounds(false).min
    const isBulk = reading === 'bulk' && (of.kind === 'enum' || /^[fiu]\d+$/.test(of.kind))
    this.#bulkSize = isBulk ? fixedSize(of) : undefined
  }

  /** The sizes of `min` to `max` elements. */
  bounds(packed: boolean, min: number, max: number): BitBounds {
    return repeated(this.of.bounds(packed), min, max)
  }

  /** What an element may take beyond `perBit` bytes of memory for each of its bits. */
  surplus(packed: boolean, perBit: number): number {
    return SLOT + this.of.surplus(packed, perBit)
  }

  check(value: readonly unknown[]): Issue | undefined {
    for (let i = 0; i < value.length; i++) {
      const issue = this.of.check(value[i])
      if (issue !== undefined) return issueUnder(i, issue)
    }
    return undefined
  }

  write(writer: ByteWriter, value: readonly unknown[]): void {
    for (const element of value) this.of.write(writer, element)
  }

  /**
   * Reads as many elements as the schema says, or as the bytes say. There is room at once for those that bytes are there for (an array that
   * grows takes twice as much on its way); elements that no bytes stand for are limited when the count is the word of the bytes.
   */
  read(reader: ByteReader, count: number, countFrom: 'schema' | 'bytes'): unknown[] {
    reader.charge(arrayMemory(0))
    if (count === 0) return []
    reader.charge(SLOT * 2)
    if (this.#bulkSize !== undefined && reader.isMissing(count * this.#bulkSize))
      return this.#readZeros(reader, count, countFrom)
    const min = reader.isPacked ? this.#bitsMin : this.#byteBitsMin
    const sure = min === 0 ? 0 : Math.min(count, Math.floor(reader.bitsLeft / min))
    const value = sure === 0 ? [] : new Array<unknown>(sure)
    let i = 0
    for (; i < count; i++) {
      const start = reader.bitPosition
      reader.charge(SLOT)
      const element = this.of.read(reader)
      // Behind the last byte the array would grow once more, for nothing.
      if (reader.error !== '') break
      value[i] = element
      if (countFrom === 'bytes' && reader.bitPosition === start && !reader.emptyElements(1)) break
    }
    value.length = i
    return value
  }

  /** Numbers of which some are missing are missing all. */
  #readZeros(reader: ByteReader, count: number, countFrom: 'schema' | 'bytes'): unknown[] {
    if (countFrom === 'bytes' && !reader.emptyElements(count)) return []
    reader.charge(SLOT * count)
    reader.enterZeros()
    // One for all: it is no object.
    const zero = this.of.read(reader)
    reader.leave()
    return reader.error === '' ? new Array<unknown>(count).fill(zero) : []
  }

  emitWrite(emitter: WriteEmitter, array: string, count: string): void {
    const i = emitter.name()
    emitter.block(
      `for (let ${i} = 0; ${i} < ${count}; ${i}++)`,
      () => emitter.nested(this.of, `${array}[${i}]`),
      this.takes(emitter.isPacked),
    )
  }

  emitMeasure(emitter: MeasureEmitter, array: string, count: string): void {
    const size = fixedSize(this.of)
    if (size === 0) return
    if (size !== undefined) {
      emitter.line(`n += ${count} * ${size}`)
      return
    }
    const i = emitter.name()
    emitter.block(`for (let ${i} = 0; ${i} < ${count}; ${i}++)`, () =>
      this.of.emitMeasure(emitter, `${array}[${i}]`),
    )
  }

  /** Checks the bytes for all elements, or at least for the smallest possible ones, before the array is made. */
  emitRead(emitter: ReadEmitter, count: string): string {
    const { min: written, max } = this.of.bounds(emitter.isPacked)
    // What is read of a growable may be longer, or only its size.
    const isElastic = this.of.traits?.hasGrowables === true
    const min = isElastic ? Math.min(written, 32) : written
    emitter.expectElements(count, min)
    chargeMemory(emitter, this.surplus(emitter.isPacked, emitter.budget.perBit), count)
    if (max === 0) return '[]'
    // `new Array(0)` reserves room for elements, more than the byte that a hostile count takes can justify.
    const array = emitter.local(`${count} === 0 ? [] : new Array(${count})`)
    const i = emitter.name()
    emitter.block(
      `for (let ${i} = 0; ${i} < ${count}; ${i}++)`,
      () => emitter.line(`${array}[${i}] = ${emitter.nested(this.of)}`),
      min === max && !isElastic ? 'checked' : 'open',
      this.takes(emitter.isPacked),
    )
    return array
  }

  takes(packed: boolean): 'whole' | 'any' {
    return this.of.bounds(packed).isWhole ? 'whole' : 'any'
  }
}
