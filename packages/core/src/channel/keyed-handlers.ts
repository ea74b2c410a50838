import { isThenable, refuseLate } from '../base/callback.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { Dispatch } from './dispatch.ts'

/** A handler as the dispatch calls it. */
export type Run = (body: unknown, channel: unknown) => unknown

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
