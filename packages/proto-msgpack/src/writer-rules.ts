import { isForbiddenKey } from './forbidden-key.ts'
import { MsgpackError } from './msgpack-error.ts'
import { extensionsByType, type MsgpackExtension } from './msgpack-extension.ts'
import { completeForms, type MsgpackForms } from './msgpack-forms.ts'
import { completeLimits, type MsgpackLimitOptions, type MsgpackLimits } from './msgpack-limits.ts'
import { dateOf, isTimestampValid, type MsgpackTimestamp, timestampOf } from './msgpack-timestamp.ts'

/** How to write. Both sides use the same options: then everything that was written is read. */
export interface MsgpackWriterOptions extends MsgpackForms {
  /** Bounds that differ from `msgpackLimits`: what the peer would refuse is refused here already. */
  readonly limits?: MsgpackLimitOptions | undefined
  /** Application types; other class instances are refused. */
  readonly extensions?: readonly MsgpackExtension[] | undefined
}

/** What a writer keeps to: its options, completed. */
export interface WriterRules extends Required<MsgpackForms> {
  readonly limits: MsgpackLimits
  readonly extensions: readonly MsgpackExtension[]
}

/** Completes the options of a writer. Throws `bad-option` for one out of range. */
export function writerRules(options: MsgpackWriterOptions): WriterRules {
  return {
    ...completeForms(options),
    limits: completeLimits(options.limits),
    extensions: [...extensionsByType(options.extensions ?? []).values()],
  }
}

/** Throws for a key that a `Map` may not have on the wire. */
export function checkMapKey(key: unknown, map: ReadonlyMap<unknown, unknown>, { maps }: WriterRules): void {
  if (typeof key === 'string') {
    if (isForbiddenKey(key)) throw new MsgpackError('forbidden-key', { detail: key })
    return
  }
  if (maps === 'object' || !isScalarKey(key)) throw new MsgpackError('bad-key', { detail: keyText(key) })
  if (typeof key === 'bigint' && isKeyTwice(key, map)) {
    throw new MsgpackError('duplicate-key', { detail: `${key}n and ${key}` })
  }
}

function isScalarKey(key: unknown): boolean {
  return typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint' || key === null
}

/** A bigint is written as the number of that size, where there is one: a map with both would carry one key twice. */
function isKeyTwice(key: bigint, map: ReadonlyMap<unknown, unknown>): boolean {
  const number = Number(key)
  return Number.isSafeInteger(number) && map.get(number) !== undefined
}

function keyText(key: unknown): string {
  if (typeof key === 'bigint') return `got ${key}n`
  return isScalarKey(key) || key === undefined ? `got ${String(key)}` : `got a key of type ${typeof key}`
}

/** A timestamp that the reader takes, or throws. */
export function writableTimestamp(
  value: Date | MsgpackTimestamp,
  { timestamps }: WriterRules,
): MsgpackTimestamp {
  const timestamp = value instanceof Date ? timestampOf(value) : value
  const isReadable =
    isTimestampValid(timestamp) && (timestamps === 'exact' || dateOf(timestamp) !== undefined)
  if (!isReadable) throw new MsgpackError('bad-timestamp')
  return timestamp
}

/** Throws when a message of so many bytes has more values than a reader takes from it. */
export function checkDensity(nodes: number, size: number, { limits }: WriterRules): void {
  // A value takes a byte at least.
  if (limits.nodesPerByteMax >= 1 || nodes <= Math.floor(size * limits.nodesPerByteMax)) return
  throw new MsgpackError('nodes-over-limit', { detail: `${nodes} values in ${size} bytes` })
}

/** Asks the registered codecs for the data of a class instance. Throws when none takes it, or the one that does fails. */
export function extensionData(
  value: object,
  { extensions, limits }: WriterRules,
): { readonly type: number; readonly data: Uint8Array } {
  let data: unknown
  let type = -1
  try {
    const extension = extensions.find(({ matches }) => matches(value))
    if (extension !== undefined) {
      type = extension.type
      data = extension.encode(value)
    }
  } catch (cause) {
    throw new MsgpackError('extension-failed', { cause })
  }
  if (type < 0) throw new MsgpackError('unsupported-value')
  if (!(data instanceof Uint8Array)) throw new MsgpackError('extension-failed')
  if (data.length > limits.extSizeMax) throw new MsgpackError('extension-over-limit')
  return { type, data }
}
