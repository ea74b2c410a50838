import { type Issue, issueAt, issueUnder } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { arrayMemory } from '../nodes/memory.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { limitOf } from '../nodes/size-prefix.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'

/** The up to 8 flags from `from` on as a byte, the first as its least significant bit; -1 when one is no boolean. */
function byteOf(flags: readonly unknown[], from: number, count: number): number {
  let byte = 0
  for (let i = 0; i < count; i++) {
    const flag = flags[from + i]
    if (typeof flag !== 'boolean') return -1
    if (flag) byte |= 1 << i
  }
  return byte
}

/** Writes whole bytes of flags; returns the end, or -1 when one is no boolean. */
function writeFlags(bytes: Uint8Array, at: number, flags: readonly unknown[], sizes: number): number {
  for (let i = 0; i < sizes; i++) {
    const byte = byteOf(flags, i * 8, 8)
    if (byte < 0) return -1
    bytes[at + i] = byte
  }
  return at + sizes
}

function putFlags(flags: boolean[], from: number, byte: number, count: number): void {
  for (let i = 0; i < count; i++) flags[from + i] = ((byte >> i) & 1) === 1
}

/** An array of `n` flags, of which the whole bytes are read. */
function readFlags(bytes: Uint8Array, at: number, sizes: number, n: number): boolean[] {
  const flags = new Array<boolean>(n)
  for (let i = 0; i < sizes; i++) putFlags(flags, i * 8, bytes[at + i], 8)
  return flags
}

class BitsetNode implements Node {
  readonly kind = 'bitset'
  readonly n: number
  readonly #sizes: number
  readonly #rest: number

  constructor(n: number) {
    this.n = n
    this.#sizes = n >> 3
    this.#rest = n & 7
  }

  bounds(packed: boolean): BitBounds {
    return fixedBounds(packed ? this.n : Math.ceil(this.n / 8) * 8)
  }

  surplus(packed: boolean, perBit: number): number {
    return arrayMemory(this.n) - this.bounds(packed).min * perBit
  }

  descriptor(): Descriptor {
    return { t: 'bitset', n: this.n }
  }

  check(value: unknown): Issue | undefined {
    if (!Array.isArray(value) || value.length !== this.n)
      return issueAt(`an array of ${this.n} booleans`, value)
    const wrong = value.findIndex((flag) => typeof flag !== 'boolean')
    return wrong < 0 ? undefined : issueUnder(wrong, issueAt('true or false', value[wrong]))
  }

  write(writer: ByteWriter, value: unknown): void {
    const flags = value as boolean[]
    for (let i = 0; i < this.#sizes; i++) writer.integer(byteOf(flags, i * 8, 8), 1)
    if (this.#rest === 0) return
    const rest = byteOf(flags, this.#sizes * 8, this.#rest)
    if (writer.isPacked) writer.bits(rest, this.#rest)
    else writer.integer(rest, 1)
  }

  read(reader: ByteReader): boolean[] {
    const at = reader.take(this.#sizes, 'schema')
    if (at >= 0) reader.charge(arrayMemory(this.n))
    if (reader.error !== '') return []
    const flags = readFlags(reader.from, at, this.#sizes, this.n)
    // Outside bit packing C++ ignores the bits above the last flag; so is it here.
    if (this.#rest > 0)
      putFlags(
        flags,
        this.#sizes * 8,
        reader.isPacked ? reader.bits(this.#rest) : reader.unsigned(1),
        this.#rest,
      )
    return flags
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const flags = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${flags}) || ${flags}.length !== ${this.n}`)
    if (this.#sizes > 0) {
      const write = emitter.constant(writeFlags)
      emitter.whole((at) => `${write}(bytes, ${at}, ${flags}, ${this.#sizes})`)
    }
    if (this.#rest === 0) return
    const rest = emitter.local(`${emitter.constant(byteOf)}(${flags}, ${this.#sizes * 8}, ${this.#rest})`)
    emitter.refuseIf(`${rest} < 0`)
    if (emitter.isPacked) emitter.bits(rest, this.#rest)
    else emitter.number('Uint8', 1, rest)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(Math.ceil(this.n / 8))
  }

  emitRead(emitter: ReadEmitter): string {
    const span = emitter.span(String(this.#sizes))
    const flags = emitter.local(
      `${emitter.constant(readFlags)}(${span.bytes}, ${span.at}, ${this.#sizes}, ${this.n})`,
    )
    if (this.#rest === 0) return flags
    const rest = emitter.isPacked ? emitter.bits(this.#rest) : emitter.number('Uint8', 1)
    emitter.line(`${emitter.constant(putFlags)}(${flags}, ${this.#sizes * 8}, ${rest}, ${this.#rest})`)
    return flags
  }
}

/**
 * `std::bitset<n>` (`StdBitset`) as an array of `n` booleans: flag i is bit i % 8 of byte i / 8. What is left of the last byte is zero
 * and not looked at; inside `bits` it isn't there.
 */
export function bitset(n: number): Schema<boolean[]> {
  return schemaOf(new BitsetNode(limitOf('bitset n', n)))
}
