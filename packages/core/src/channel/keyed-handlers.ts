import { isThenable, refuseLate } from '../base/callback.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { Dispatch } from './dispatch.ts'

/** A handler as the dispatch calls it. */
export type Run = (body: unknown, channel: unknown) => unknown

/** Handlers by what a `keyOf` finds in a message. */
export type SubKeyHandlers<SubKey, Heard, Told, Replied> = ReadonlyMap<
  NonNullable<SubKey>,
  (body: Heard, channel: Told, subKey: NonNullable<SubKey>) => Replied
>

type Keyed = (body: unknown, channel: unknown, subKey: unknown) => unknown

/** The handlers of a channel that were given with a `keyOf`: what stands in the dispatch for them, for `off`. */
export class KeyedHandlers {
  readonly #dispatch: Dispatch
  readonly #wrapped = new Map<unknown, [number, Run][]>()

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch
  }

  /** Adds a function, or a map from sub-keys to functions. Throws `argument-invalid` for what is neither. */
  add(number: number, keyOf: unknown, handler: unknown): void {
    checkFunction(keyOf, 'keyOf')
    const run = byKey(keyOf as (body: unknown) => unknown, handler)
    this.#dispatch.add(number, run)
    this.#wrapped.set(handler, [...(this.#wrapped.get(handler) ?? []), [number, run]])
  }

  remove(number: number, handler: unknown): void {
    for (const [other, run] of this.#wrapped.get(handler) ?? []) {
      if (other === number) this.#dispatch.remove(number, run)
    }
  }
}

/**
 * Adds what was given to `on`: a handler, or a `keyOf` and a handler. Returns the keyed handlers of the channel, made when the first is added. Throws
 * `argument-invalid` for what is neither.
 */
export function listen(
  dispatch: Dispatch,
  keyed: KeyedHandlers | undefined,
  { number, key }: { readonly number: number; readonly key: string },
  [first, second]: readonly [unknown, unknown],
): KeyedHandlers | undefined {
  if (second !== undefined) {
    const handlers = keyed ?? new KeyedHandlers(dispatch)
    handlers.add(number, first, second)
    return handlers
  }
  checkFunction(first, `on('${key}')`)
  dispatch.add(number, first as Run)
  return keyed
}

function byKey(keyOf: (body: unknown) => unknown, handler: unknown): Run {
  const table = handler instanceof Map ? (handler as ReadonlyMap<unknown, Keyed>) : undefined
  if (table === undefined) checkFunction(handler, 'the handler')
  for (const [subKey, run] of table ?? []) checkFunction(run, `the handler of '${String(subKey)}'`)
  return (body, channel) => {
    const subKey = keyOf(body)
    if (subKey === undefined || subKey === null) return undefined
    if (isThenable(subKey)) return refuseLate(subKey, 'keyOf')
    const run = table === undefined ? (handler as Keyed) : table.get(subKey)
    return run?.(body, channel, subKey)
  }
}

/** Throws `argument-invalid` for what can't be called. */
export function checkFunction(value: unknown, what: string): void {
  if (typeof value === 'function') return
  throw new MillraceError('argument-invalid', `${what} wants a function; got ${typeof value}`)
}
