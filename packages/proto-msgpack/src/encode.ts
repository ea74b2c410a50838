import { MsgpackWriter } from './msgpack-writer.ts'

const defaultWriter = /* @__PURE__ */ new MsgpackWriter()

/**
 * Encodes one value in its shortest form, by the default limits. Throws `MsgpackError` that names the path of what
 * cannot be written. The bytes belong to the caller.
 */
export function encode(value: unknown): Uint8Array {
  return defaultWriter.encode(value)
}
