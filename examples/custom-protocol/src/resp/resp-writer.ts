import type { SessionHost } from 'millrace/extend'
import { bytesOf, RespError, RespStatus, type RespValue, type RespVersion } from './resp-value.ts'

/** Where bytes go: the part of a segment buffer that writers use. */
export type RespTarget = Pick<SessionHost['out'], 'append' | 'bytes' | 'commit' | 'reserve'>

const lineEnd = '\r\n'
const int64Max = 2n ** 63n - 1n
const int64Min = -(2n ** 63n)

/** Writes a value that `checkValue` has passed. */
export function writeValue(target: RespTarget, value: RespValue, version: RespVersion): void {
  switch (typeof value) {
    case 'string':
      return writeText(target, value)
    case 'number':
      return writeNumber(target, value, version)
    case 'bigint':
      return writeBigint(target, value, version)
    case 'boolean':
      return writeAscii(target, version === 3 ? (value ? '#t\r\n' : '#f\r\n') : value ? ':1\r\n' : ':0\r\n')
  }
  if (value === null) writeAscii(target, version === 3 ? '_\r\n' : '$-1\r\n')
  else if (value instanceof Uint8Array) writeBulk(target, value)
  else if (value instanceof RespStatus) writeLine(target, '+', value.text)
  else if (value instanceof RespError) writeLine(target, '-', value.text)
  else if (value instanceof Map) writeMap(target, value, version)
  else if (value instanceof Set) writeItems(target, version === 3 ? '~' : '*', [...value], version)
  else writeItems(target, '*', value as readonly RespValue[], version)
}

/** Writes what the server says by itself. */
export function writePush(target: RespTarget, items: readonly RespValue[], version: RespVersion): void {
  writeItems(target, version === 3 ? '>' : '*', items, version)
}

/** Writes bytes as a bulk string. */
export function writeBulk(target: RespTarget, bytes: Uint8Array): void {
  writeAscii(target, `$${bytes.length}\r\n`)
  target.append(bytes)
  writeAscii(target, lineEnd)
}

/** Writes characters below 128 as they are. */
export function writeAscii(target: RespTarget, text: string): void {
  const start = target.reserve(text.length)
  const { bytes } = target
  for (let index = 0; index < text.length; index++) bytes[start + index] = text.charCodeAt(index)
  target.commit(start + text.length)
}

function writeText(target: RespTarget, text: string): void {
  writeBulk(target, bytesOf(text))
}

/** A simple string or an error: one line, so a line end inside becomes a blank. */
function writeLine(target: RespTarget, mark: string, text: string): void {
  target.append(bytesOf(`${mark}${text.replace(/[\r\n]/g, ' ')}\r\n`))
}

function writeNumber(target: RespTarget, value: number, version: RespVersion): void {
  // Beyond the safe integers a number is what it prints; minus zero is a double.
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeAscii(target, `:${value}\r\n`)
  const text = Number.isNaN(value)
    ? 'nan'
    : Object.is(value, -0)
      ? '-0'
      : String(value).replace('Infinity', 'inf')
  if (version === 3) writeAscii(target, `,${text}\r\n`)
  else writeText(target, text)
}

function writeBigint(target: RespTarget, value: bigint, version: RespVersion): void {
  if (value >= int64Min && value <= int64Max) writeAscii(target, `:${value}\r\n`)
  else if (version === 3) writeAscii(target, `(${value}\r\n`)
  else writeText(target, String(value))
}

function writeMap(target: RespTarget, map: ReadonlyMap<RespValue, RespValue>, version: RespVersion): void {
  writeAscii(target, version === 3 ? `%${map.size}\r\n` : `*${map.size * 2}\r\n`)
  for (const [key, item] of map) {
    writeValue(target, key, version)
    writeValue(target, item, version)
  }
}

function writeItems(
  target: RespTarget,
  mark: string,
  items: readonly RespValue[],
  version: RespVersion,
): void {
  writeAscii(target, `${mark}${items.length}\r\n`)
  for (const item of items) writeValue(target, item, version)
}
