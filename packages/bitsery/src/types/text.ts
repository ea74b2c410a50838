import { BitseryError, type Issue, issueAt, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { bytesMemory, textMemory } from '../nodes/memory.ts'
import type { BitBounds, Node } from '../nodes/node.ts'
import { limitOf, prefixSize } from '../nodes/size-prefix.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'
import { readOwnText, readText, unrolledReadText, utf8Size, writeText, writeUtf8 } from '../text/utf8.ts'
import { pointCount, readUtf16, readUtf32, writeUtf16, writeUtf32 } from '../text/wide-text.ts'

/** How text lies in bytes. */
export interface TextOptions {
  /** The size of one unit: 1 is UTF-8 (`textNb` of a `std::string`), 2 is UTF-16, 4 is UTF-32. Default 1. */
  readonly charSize?: 1 | 2 | 4 | undefined
  /**
   * What to do with units that are no text when reading. `'refuse'`, the default, makes them InvalidData; `'raw'` gives the
   * units themselves (a `Uint8Array` or, for 4-byte units, a `Uint32Array`) and takes them when writing. Units of 2 bytes
   * are always text: a JavaScript string holds any of them.
   */
  readonly invalid?: 'refuse' | 'raw' | undefined
}

/** What text is read as, by its options. */
export type TextValue<O extends TextOptions> = O extends { readonly invalid: 'raw' }
  ? O extends { readonly charSize: 2 }
    ? string
    : O extends { readonly charSize: 4 }
      ? string | Uint32Array
      : string | Uint8Array
  : string

type Units = Uint8Array | Uint32Array

export class TextNode implements Node {
  readonly kind: 'text' | 'fixedText'
  /** The most units: one less than the array for fixed text, as C keeps a NUL there. */
  readonly max: number
  readonly charSize: 1 | 2 | 4
  readonly invalid: 'refuse' | 'raw'

  constructor(kind: 'text' | 'fixedText', max: number, options: TextOptions) {
    this.kind = kind
    this.max = max
    this.charSize = options.charSize ?? 1
    this.invalid = options.invalid ?? 'refuse'
    if (this.charSize !== 1 && this.charSize !== 2 && this.charSize !== 4) {
      throw new BitseryError(`${kind} charSize`, '1, 2 or 4', phrase(this.charSize))
    }
  }

  bounds(): BitBounds {
    return { min: 8, max: 8 * (prefixSize(this.max) + this.max * this.charSize), isWhole: true }
  }

  surplus(_packed: boolean, perBit: number): number {
    // Of the texts that aren't empty, the shortest is the dearest for its bytes.
    const one = this.max === 0 ? 0 : this.#memoryOf(1) - 8 * this.charSize * perBit
    return Math.max(0, one) - 8 * perBit
  }

  descriptor(): Descriptor {
    if (this.kind === 'fixedText') return { t: 'fixedText', n: this.max + 1, char: this.charSize }
    return { t: 'text', max: this.max, char: this.charSize }
  }

  check(value: unknown): Issue | undefined {
    const unit = this.charSize === 1 ? 'bytes' : this.charSize === 2 ? 'units' : 'code points'
    const wanted = `text of at most ${this.max} ${unit}`
    if (this.isRaw(value)) {
      return value.length > this.max ? { path: [], wanted, got: `${value.length}` } : undefined
    }
    if (typeof value !== 'string') return issueAt(wanted, value)
    const count = this.count(value)
    if (count < 0) return { path: [], wanted: 'well-formed text', got: 'a lone surrogate' }
    return count > this.max ? { path: [], wanted, got: `${count}` } : undefined
  }

  isRaw(value: unknown): value is Units {
    if (this.invalid === 'refuse' || this.charSize === 2) return false
    return this.charSize === 1 ? value instanceof Uint8Array : value instanceof Uint32Array
  }

  /** The number of units, or -1 when the text isn't well-formed. */
  count(text: string): number {
    return this.charSize === 1 ? utf8Size(text) : this.charSize === 2 ? text.length : pointCount(text)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (this.isRaw(value)) {
      writer.size(value.length)
      if (value instanceof Uint8Array) writer.bytes(value)
      else for (const unit of value) writer.integer(unit, 4)
      return
    }
    const text = value as string
    const count = this.count(text)
    writer.size(count)
    if (this.charSize === 1) {
      const bytes = new Uint8Array(count)
      writeUtf8(bytes, 0, text)
      writer.bytes(bytes)
      return
    }
    for (let i = 0; i < text.length; i++) {
      const point = this.charSize === 2 ? text.charCodeAt(i) : (text.codePointAt(i) as number)
      if (point > 0xffff) i += 1
      writer.integer(point, this.charSize)
    }
  }

  read(reader: ByteReader): unknown {
    const start = reader.position
    const count = reader.size(this.max)
    // What doesn't lie on whole bytes has its units least significant byte first, in any schema.
    const isLittle = reader.isLittle || !reader.isAligned
    const at = reader.take(count * this.charSize, 'bytes')
    if (at < 0) return ''
    reader.charge(this.#memoryOf(count))
    const { from } = reader
    if (this.charSize === 1) {
      const isRaw = this.invalid === 'raw'
      const text = isRaw ? readOwnText(from, at, count) : readText(from, at, count)
      if (text !== undefined) return text
      if (isRaw) return from.slice(at, at + count)
    } else {
      const view = new DataView(from.buffer, from.byteOffset, from.byteLength)
      if (this.charSize === 2) return readUtf16(view, at, count, isLittle)
      const text = readUtf32(view, at, count, isLittle)
      if (text !== undefined) return text
      if (this.invalid === 'raw')
        return Uint32Array.from({ length: count }, (_, i) => view.getUint32(at + i * 4, isLittle))
    }
    reader.invalid(start)
    return ''
  }

  /** The memory of so many units, whatever they are. */
  #memoryOf(count: number): number {
    const text = textMemory(this.charSize === 4 ? count * 2 : count)
    return this.invalid === 'raw' ? Math.max(text, bytesMemory(count * this.charSize)) : text
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const text = emitter.local(value)
    if (this.invalid === 'raw') {
      const writeAny = emitter.constant(this.#writerOfAny())
      emitter.whole((at, isLittle) => `${writeAny}(bytes, view, ${at}, ${text}, ${isLittle})`)
      return
    }
    emitter.refuseIf(`typeof ${text} !== 'string'`)
    if (this.charSize === 1) {
      const write = emitter.constant(writeText)
      emitter.whole((at, isLittle) => `${write}(bytes, view, ${at}, ${text}, ${this.max}, ${isLittle})`)
      return
    }
    const count = emitter.local(
      this.charSize === 2 ? `${text}.length` : `${emitter.constant(pointCount)}(${text})`,
    )
    emitter.refuseIf(`${count} < 0 || ${count} > ${this.max}`)
    emitter.size(count, this.max)
    const write = emitter.constant(this.charSize === 2 ? writeUtf16 : writeUtf32)
    emitter.whole((at, isLittle) => `${write}(view, ${at}, ${text}, ${isLittle})`)
  }

  /** Raw text is rare: its compiled form is a call of the reference, which gives -1 for what does not fit. */
  #writerOfAny(): (
    bytes: Uint8Array,
    view: DataView,
    at: number,
    value: unknown,
    isLittle: boolean,
  ) => number {
    return (bytes, view, at, value, isLittle) => {
      if (this.check(value) !== undefined) return -1
      const writer = new ByteWriter({ bytes, view }, at, isLittle)
      this.write(writer, value)
      return writer.position
    }
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const text = emitter.local(value)
    let size = `${text}.length`
    if (this.invalid === 'raw') size = `typeof ${text} === 'string' ? COUNT : ${text}.length`
    else emitter.refuseIf(`typeof ${text} !== 'string'`)
    const counter = this.charSize === 1 ? utf8Size : this.charSize === 4 ? pointCount : undefined
    const counted = counter === undefined ? `${text}.length` : `${emitter.constant(counter)}(${text})`
    const count = emitter.local(this.invalid === 'raw' ? size.replace('COUNT', counted) : counted)
    emitter.refuseIf(`!(${count} >= 0 && ${count} <= ${this.max})`)
    emitter.prefix(count, this.max)
    emitter.line(`n += ${count} * ${this.charSize}`)
  }

  emitRead(emitter: ReadEmitter): string {
    const count = emitter.size(this.max)
    const span = emitter.span(this.charSize === 1 ? count : `${count} * ${this.charSize}`)
    if (this.charSize === 1) {
      const read = emitter.constant(unrolledReadText())
      const text = emitter.local(`${read}(${span.bytes}, ${span.at}, ${count})`)
      emitter.giveUpIf(`${text} === undefined`)
      return text
    }
    const read = emitter.constant(this.charSize === 2 ? readUtf16 : readUtf32)
    const text = emitter.local(`${read}(${span.view}, ${span.at}, ${count}, ${span.isLittle})`)
    if (this.charSize === 4) emitter.giveUpIf(`${text} === undefined`)
    return text
  }
}

/**
 * `std::string` and its wide kin (`text1b`, `text2b`, `text4b`): a size prefix, then the units, no terminator. `max` counts
 * units, so bytes of UTF-8 by default, and is not on the wire; it is checked when writing and when reading.
 */
export function text<const O extends TextOptions = Record<never, never>>(
  max: number,
  options?: O,
): Schema<TextValue<O>> {
  return schemaOf(new TextNode('text', limitOf('text max', max), options ?? {}))
}

/** A C array `char[n]` written by `textNb`: at most `n - 1` units, as C keeps a NUL behind them. Bytes as of `text`. */
export function fixedText<const O extends TextOptions = Record<never, never>>(
  n: number,
  options?: O,
): Schema<TextValue<O>> {
  if (n === 0) throw new BitseryError('fixedText n', 'at least 1, for the NUL', '0')
  return schemaOf(new TextNode('fixedText', limitOf('fixedText n', n) - 1, options ?? {}))
}
