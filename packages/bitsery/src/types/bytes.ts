import { type Issue, issueAt } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { bytesMemory } from '../nodes/memory.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { limitOf, prefixSize } from '../nodes/size-prefix.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'

/** Up to this size a loop copies faster than `set`. */
const LOOP_MAX = 24

// An array of no bytes has nothing to change and costs a hundred bytes: all are one.
const EMPTY = /* @__PURE__ */ new Uint8Array(0)

/** Copies `value` to `at`; returns the end. */
function writeBytes(bytes: Uint8Array, at: number, value: Uint8Array): number {
  const size = value.length
  if (size > LOOP_MAX) bytes.set(value, at)
  else for (let i = 0; i < size; i++) bytes[at + i] = value[i]
  return at + size
}

/** A copy of `size` bytes. */
function readBytes(bytes: Uint8Array, at: number, size: number): Uint8Array {
  if (size === 0) return EMPTY
  const value = new Uint8Array(size)
  if (size > LOOP_MAX) value.set(bytes.subarray(at, at + size))
  else for (let i = 0; i < size; i++) value[i] = bytes[at + i]
  return value
}

class BytesNode implements Node {
  readonly kind: 'array' | 'fixedArray'
  /** The most bytes, or exactly how many. */
  readonly max: number

  constructor(kind: 'array' | 'fixedArray', max: number) {
    this.kind = kind
    this.max = max
  }

  bounds(): BitBounds {
    if (this.kind === 'fixedArray') return fixedBounds(this.max * 8)
    return { min: 8, max: 8 * (prefixSize(this.max) + this.max), isWhole: true }
  }

  surplus(_packed: boolean, perBit: number): number {
    if (this.kind === 'fixedArray') return bytesMemory(this.max) - 8 * this.max * perBit
    // Of those that aren't empty, the shortest are the dearest for their bytes.
    const one = this.max === 0 ? 0 : bytesMemory(1) - 8 * perBit
    return Math.max(0, one) - 8 * perBit
  }

  descriptor(): Descriptor {
    if (this.kind === 'fixedArray') return { t: 'fixedArray', n: this.max, of: { t: 'u8' } }
    return { t: 'array', max: this.max, of: { t: 'u8' } }
  }

  check(value: unknown): Issue | undefined {
    if (this.kind === 'fixedArray') {
      const fits = value instanceof Uint8Array && value.length === this.max
      return fits ? undefined : issueAt(`a Uint8Array of ${this.max} bytes`, value)
    }
    const fits = value instanceof Uint8Array && value.length <= this.max
    return fits ? undefined : issueAt(`a Uint8Array of at most ${this.max} bytes`, value)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (this.kind === 'array') writer.size((value as Uint8Array).length)
    writer.bytes(value as Uint8Array)
  }

  read(reader: ByteReader): Uint8Array {
    const size = this.kind === 'array' ? reader.size(this.max) : this.max
    const at = reader.take(size, this.kind === 'array' ? 'bytes' : 'schema')
    if (at >= 0) reader.charge(bytesMemory(size))
    return reader.error === '' ? readBytes(reader.from, at, size) : EMPTY
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const bytes = emitter.local(value)
    emitter.refuseIf(`!(${bytes} instanceof Uint8Array)`)
    const size = emitter.local(`${bytes}.length`)
    emitter.refuseIf(`${size} ${this.kind === 'array' ? '>' : '!=='} ${this.max}`)
    if (this.kind === 'array') emitter.size(size, this.max)
    emitter.whole((at) => `${emitter.constant(writeBytes)}(bytes, ${at}, ${bytes})`)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    if (this.kind === 'fixedArray') {
      emitter.add(this.max)
      return
    }
    const size = emitter.local(`${value}.length`)
    emitter.refuseIf(`!(${size} <= ${this.max})`)
    emitter.prefix(size, this.max)
    emitter.line(`n += ${size}`)
  }

  emitRead(emitter: ReadEmitter): string {
    const copy = emitter.constant(readBytes)
    if (this.kind === 'fixedArray' && emitter.isAligned)
      return emitter.local(`${copy}(bytes, ${emitter.take(this.max)}, ${this.max})`)
    const size = this.kind === 'fixedArray' ? String(this.max) : emitter.size(this.max)
    const span = emitter.span(size)
    return emitter.local(`${copy}(${span.bytes}, ${span.at}, ${size})`)
  }
}

/** `std::vector<uint8_t>` as a `Uint8Array`: a size prefix, then the bytes. What was read is a copy. */
export function bytes(max: number): Schema<Uint8Array> {
  return schemaOf(new BytesNode('array', limitOf('bytes max', max)))
}

/** `std::array<uint8_t, n>` as a `Uint8Array`: exactly `n` bytes. What was read is a copy. */
export function fixedBytes(n: number): Schema<Uint8Array> {
  return schemaOf(new BytesNode('fixedArray', limitOf('fixedBytes n', n)))
}
