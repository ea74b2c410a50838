import { type Issue, issueAt } from '../base/errors.ts'
import type { Descriptor, IntegerName } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { shifted } from '../bytes/shift.ts'
import type { Source } from '../bytes/source.ts'
import { measureByReference } from '../emitters/measure-by-reference.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'
import { formatOf } from './number.ts'
import { type NumberFormat, numberMemory } from './number-format.ts'

/** An integer of 2, 4 or 8 bytes as groups of 7 bits, low groups first; signed ones zigzagged before. */
class CompactNode implements Node {
  readonly kind: 'compact' | 'compactChecked'
  readonly format: NumberFormat
  readonly #bits: number
  /** The most groups: 3, 5 or 10. */
  readonly #groupsMax: number
  readonly #isSigned: boolean

  constructor(kind: 'compact' | 'compactChecked', format: NumberFormat) {
    this.kind = kind
    this.format = format
    this.#bits = format.size * 8
    this.#groupsMax = Math.ceil(this.#bits / 7)
    this.#isSigned = format.name.startsWith('i')
  }

  bounds(): BitBounds {
    if (this.format.size === 1) return fixedBounds(8)
    return { min: 8, max: this.#groupsMax * 8, isWhole: true }
  }

  surplus(_packed: boolean, perBit: number): number {
    return numberMemory(this.format) - 8 * perBit
  }

  descriptor(): Descriptor {
    return { t: this.kind, of: this.format.name as IntegerName }
  }

  check(value: unknown): Issue | undefined {
    return this.format.fits(value) ? undefined : issueAt(this.format.wanted, value)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (this.format.size === 1) {
      this.format.write(writer, value as number)
      return
    }
    let rest = this.#toUnsigned(BigInt(value as number))
    for (; rest > 0x7fn; rest >>= 7n) writer.integer(Number(rest & 0x7fn) | 0x80, 1)
    writer.integer(Number(rest), 1)
  }

  #toUnsigned(value: bigint): bigint {
    if (!this.#isSigned) return value
    return value < 0n ? -2n * value - 1n : 2n * value
  }

  read(reader: ByteReader): number | bigint {
    reader.charge(numberMemory(this.format))
    if (this.format.size === 1) return this.format.read(reader)
    const start = reader.position
    let raw = 0n
    let byte = 0x80
    let groups = 0
    for (; byte > 0x7f && groups < this.#groupsMax; groups++) {
      byte = reader.unsigned(1)
      raw |= BigInt(byte & 0x7f) << BigInt(groups * 7)
    }
    const bitsOver = this.#groupsMax * 7 - this.#bits
    const isOver = groups === this.#groupsMax && byte >> (7 - bitsOver) !== 0
    if (this.kind === 'compactChecked' && isOver) reader.invalid(start)
    const value = this.#fromUnsigned(BigInt.asUintN(this.#bits, raw))
    if (this.format.form === 'bigint') return value
    if (this.format.form === 'safe' && !Number.isSafeInteger(Number(value))) reader.invalid(start)
    return Number(value)
  }

  #fromUnsigned(raw: bigint): bigint {
    if (!this.#isSigned) return raw
    return raw & 1n ? -(raw >> 1n) - 1n : raw >> 1n
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(this.format.misfit(local))
    if (this.format.size === 1) this.format.emitWrite(emitter, local)
    else if (this.format.size === 8)
      emitter.whole((at) => `${emitter.constant(this.#writer())}(bytes, ${at}, ${local})`)
    else {
      const raw = this.#isSigned ? `(${local} << 1 ^ ${local} >> 31) >>> 0` : local
      emitter.whole((at) => `${emitter.constant(writeGroups)}(bytes, ${at}, ${raw})`)
    }
  }

  /** Writes an integer of 8 bytes: parts of 28 bits are numbers, and much faster than a bigint. */
  #writer(): (bytes: Uint8Array, at: number, value: number | bigint) => number {
    return (bytes, at, value) => {
      const raw = this.#toUnsigned(BigInt(value))
      const low = Number(raw & 0xfffffffn)
      if (raw <= 0xfffffffn) return writeGroups(bytes, at, low)
      const middle = Number((raw >> 28n) & 0xfffffffn)
      const high = Number(raw >> 56n)
      const end = writeFourGroups(bytes, at, low)
      if (high === 0) return writeGroups(bytes, end, middle)
      return writeGroups(bytes, writeFourGroups(bytes, end, middle), high)
    }
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    if (this.format.size === 1) emitter.add(1)
    else measureByReference(emitter, this, value)
  }

  emitRead(emitter: ReadEmitter): string {
    if (this.format.size === 1) return this.format.emitRead(emitter)
    emitter.settle()
    const read = emitter.constant(this.#reader())
    const value = emitter.isAligned
      ? emitter.local(`${read}(source, bytes, p, ${emitter.end})`)
      : this.#emitShifted(emitter, read)
    emitter.giveUpIf(`${value} === undefined`)
    emitter.line(`p ${emitter.isAligned ? '=' : '+='} source.position`)
    return value
  }

  /** The same where groups don't lie on whole bytes: as many as there can be are brought there. */
  #emitShifted(emitter: ReadEmitter, read: string): string {
    const { end, takenBits } = emitter
    const size = emitter.local(`Math.min(${this.#groupsMax}, ((${end} - p) * 8 - ${takenBits}) >> 3)`)
    const whole = emitter.local(`${emitter.constant(shifted)}(bytes, p, ${takenBits}, ${size})`)
    return emitter.local(`${read}(source, ${whole}.bytes, 0, ${size})`)
  }

  /** Reads from aligned bytes; gives undefined where the reference has to decide: the bytes end, or there are bits too many. */
  #reader(): (source: Source, bytes: Uint8Array, at: number, end: number) => number | bigint | undefined {
    const { form } = this.format
    const isSigned = this.#isSigned
    const shiftMax = Math.min(this.#bits, 31)
    const shiftEnd = Math.min(this.#groupsMax, 4) * 7
    return (source, bytes, at, end) => {
      let low = 0
      let p = at
      for (let shift = 0; p < end && shift < shiftEnd; shift += 7) {
        const byte = bytes[p++]
        low |= (byte & 0x7f) << shift
        if (byte < 0x80) {
          if (low >>> shiftMax !== 0) return undefined
          source.position = p
          const value = isSigned ? (low >>> 1) ^ -(low & 1) : low
          return form === 'bigint' ? BigInt(value) : value
        }
      }
      return p - at < 4 || shiftEnd < 28 ? undefined : this.#readLong(source, bytes, at, end)
    }
  }

  /** Five groups and more. */
  #readLong(source: Source, bytes: Uint8Array, at: number, end: number): number | bigint | undefined {
    let raw = 0n
    let p = at
    for (let shift = 0n; p < end && p - at < this.#groupsMax; shift += 7n) {
      const byte = bytes[p++]
      raw |= BigInt(byte & 0x7f) << shift
      if (byte > 0x7f) continue
      const value = this.#fromUnsigned(raw)
      const isOver = raw >> BigInt(this.#bits) !== 0n
      if (isOver || (this.format.form === 'safe' && !Number.isSafeInteger(Number(value)))) return undefined
      source.position = p
      return this.format.form === 'bigint' ? value : Number(value)
    }
    return undefined
  }
}

/** Writes an integer below 2^32 in groups of 7 bits; returns the end. */
function writeGroups(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let p = at
  for (; rest > 0x7f; rest >>>= 7) bytes[p++] = (rest & 0x7f) | 0x80
  bytes[p] = rest
  return p + 1
}

/** Writes 28 bits as four groups that are not the last. */
function writeFourGroups(bytes: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) bytes[at + i] = ((value >> (7 * i)) & 0x7f) | 0x80
  return at + 4
}

/**
 * `CompactValue`: an integer of 2, 4 or 8 bytes in groups of 7 bits, low groups first, so that small ones take fewer bytes; signed
 * ones as 0, -1, 1, -2, … Integers of 1 byte stay as they are. Longer spellings are read, too; bits above the width
 * are dropped, as in C++.
 */
export function compact<T extends number | bigint>(of: Schema<T>): Schema<T> {
  return schemaOf(new CompactNode('compact', formatOf('compact', of, 'an integer')))
}

/** `CompactValueAsObject`: bytes as of `compact`, but bits above the width are InvalidData. */
export function compactChecked<T extends number | bigint>(of: Schema<T>): Schema<T> {
  return schemaOf(new CompactNode('compactChecked', formatOf('compactChecked', of, 'an integer')))
}
