import { MsgpackError } from './msgpack-error.ts'

/** Bounds on one message. Both sides keep them: the reader refuses what is over, the writer does not send it. */
export interface MsgpackLimits {
  /** Arrays and maps inside each other; 1 allows `[1]`. At most 512, so that the stack is never at risk. */
  readonly depthMax: number
  /** Values in one message: every scalar, array and map; map keys do not count. */
  readonly nodesMax: number
  /** Values per byte read. A value takes a byte at least, so that figures of 1 and more only guard the guard. */
  readonly nodesPerByteMax: number
  /**
   * Bytes of memory that a value may take for each byte read, beside 16 KiB for the whole of it, by figures of V8 that are the same
   * everywhere. For reading only.
   */
  readonly memoryPerByteMax: number
  /** Keys of one map. */
  readonly keysMax: number
  /**
   * Keys of all maps in one message. Where it isn't given and `keysMax` is larger, as many as that. A new key of an object takes the
   * reader a third of a microsecond, many times what other values take: V8 keeps a table of all names.
   */
  readonly keysInAllMax: number
  /** UTF-8 bytes of one text. */
  readonly textSizeMax: number
  /** Bytes of one binary value. */
  readonly binarySizeMax: number
  /** Data bytes of one extension value. */
  readonly extSizeMax: number
}

/** The defaults: small enough for strangers, large enough for game state. */
export const msgpackLimits: MsgpackLimits = Object.freeze({
  depthMax: 32,
  nodesMax: 100_000,
  nodesPerByteMax: 4,
  memoryPerByteMax: 64,
  keysMax: 1024,
  keysInAllMax: 16_384,
  textSizeMax: 1_048_576,
  binarySizeMax: 1_048_576,
  extSizeMax: 65_536,
})

const DEPTH_CEILING = 512
const CEILING = 0x7fff_ffff

/** Limits of which some may be left out. */
export type MsgpackLimitOptions = {
  readonly [Name in keyof MsgpackLimits]?: MsgpackLimits[Name] | undefined
}

/** Completes limits from the defaults. Throws `bad-option` for one that is not a number in its range. */
export function completeLimits(limits: MsgpackLimitOptions | undefined): MsgpackLimits {
  if (limits === undefined) return msgpackLimits
  const complete: Record<keyof MsgpackLimits, number> = { ...msgpackLimits }
  for (const name of Object.keys(msgpackLimits) as (keyof MsgpackLimits)[]) {
    const ceiling = name === 'depthMax' ? DEPTH_CEILING : CEILING
    const { [name]: limit = msgpackLimits[name] } = limits
    complete[name] = limit
    const fits = typeof limit === 'number' && limit >= 0 && limit <= ceiling
    if (fits && (Number.isInteger(limit) || name === 'nodesPerByteMax')) continue
    const detail = `limits.${name} is ${String(limit)}, must be a whole number from 0 to ${ceiling}`
    throw new MsgpackError('bad-option', { detail })
  }
  if (limits.keysInAllMax === undefined)
    complete.keysInAllMax = Math.max(msgpackLimits.keysInAllMax, complete.keysMax)
  return Object.freeze(complete)
}
