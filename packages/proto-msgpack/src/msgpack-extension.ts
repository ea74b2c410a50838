import { MsgpackError } from './msgpack-error.ts'

/** How values of one application type travel as a MessagePack extension. Both sides register the same list. */
export interface MsgpackExtension {
  /** 0 to 127; negative types belong to the format (-1, the timestamp, is built in). */
  readonly type: number
  /** True for the objects that this codec writes. Asked for class instances only, in the order of registration. */
  readonly matches: (value: object) => boolean
  /** Returns the data. Called once by `measure` and once by `write`, so the size must not change in between. */
  readonly encode: (value: object) => Uint8Array
  /** Gets a copy of the data, at most `extSizeMax` bytes, which it may keep. Bytes come from the peer: check them. */
  readonly decode: (data: Uint8Array) => unknown
}

/** Extensions by type. Throws `bad-option` for a type out of range or named twice. */
export function extensionsByType(
  extensions: readonly MsgpackExtension[],
): ReadonlyMap<number, MsgpackExtension> {
  const byType = new Map<number, MsgpackExtension>()
  for (const extension of extensions) {
    const { type } = extension
    if (!Number.isInteger(type) || type < 0 || type > 127) {
      throw new MsgpackError('bad-option', { detail: `extension type ${type}, must be 0 to 127` })
    }
    if (byType.has(type))
      throw new MsgpackError('bad-option', { detail: `extension type ${type} is named twice` })
    byType.set(type, extension)
  }
  return byType
}
