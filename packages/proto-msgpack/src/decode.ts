import { MsgpackError } from './msgpack-error.ts'
import { MsgpackReader } from './msgpack-reader.ts'
import type { MsgpackReaderOptions } from './reader-rules.ts'

let defaultReader: MsgpackReader | undefined

/**
 * Reads exactly one value. Throws `MsgpackError` with the code and the byte offset; bytes left over are an error too.
 * Calls without options share one reader, calls with options make one each: for many messages hold a `MsgpackReader`.
 */
export function decode(bytes: Uint8Array, options?: MsgpackReaderOptions): unknown {
  const reader = options === undefined ? (defaultReader ??= new MsgpackReader()) : new MsgpackReader(options)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = reader.read(bytes, view, 0, bytes.length)
  if (reader.error !== '') throw new MsgpackError(reader.error, { offset: reader.position })
  if (reader.position !== bytes.length) throw new MsgpackError('trailing-bytes', { offset: reader.position })
  return value
}
