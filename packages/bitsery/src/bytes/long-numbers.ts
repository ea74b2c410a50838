import { type ByteReader, raw } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** Floats and integers of 8 bytes, step by step. They stand beside the reader and the writer, so that schemas without such numbers need none of it. */

/** Reads an unsigned integer of 8 bytes. */
export function readBigInteger(reader: ByteReader): bigint {
  reader.halves()
  return raw.getBigUint64(0, true)
}

/** Writes an integer of 8 bytes. */
export function writeBigInteger(writer: ByteWriter, value: bigint): void {
  writer.halves(Number(value & 0xffffffffn), Number(BigInt.asUintN(64, value) >> 32n))
}

/** Reads a float of 4 or 8 bytes. */
export function readFloat(reader: ByteReader, size: number): number {
  if (size === 8) {
    reader.halves()
    return raw.getFloat64(0, true)
  }
  raw.setUint32(0, reader.unsigned(4), true)
  return raw.getFloat32(0, true)
}

/** Writes a float of 4 or 8 bytes. */
export function writeFloat(writer: ByteWriter, value: number, size: number): void {
  if (size === 4) {
    raw.setFloat32(0, value, true)
    writer.integer(raw.getUint32(0, true), 4)
  } else {
    raw.setFloat64(0, value, true)
    writer.halves(raw.getUint32(0, true), raw.getUint32(4, true))
  }
}
