import { MillraceError } from './millrace-error.ts'

/** Whether a value is a promise, of this realm or of another one, or anything that can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

/** Runs a callback of the program's. What it throws, or rejects with later, is told to `failed`, and goes no further. */
export function runCallback(run: () => unknown, failed: (error: unknown) => void): void {
  try {
    watchResult(run(), failed)
  } catch (error) {
    failed(error)
  }
}

/** For a callback that has to answer at once, and returned a promise: rejects with what that rejects with, or else says so. */
export async function refuseLate(result: PromiseLike<unknown>, what: string): Promise<never> {
  await result
  throw new MillraceError('argument-invalid', `${what} returned a promise; it has to answer at once`)
}

/** A function that does something the first time it is called, and nothing later. */
export function once<Values extends unknown[]>(
  run: (...values: Values) => void,
): (...values: Values) => void {
  let isDone = false
  return (...values) => {
    if (isDone) return
    isDone = true
    run(...values)
  }
}

/** Tells `failed` if this result of a callback is a promise that rejects. Throws what its `then` throws. */
export function watchResult(result: unknown, failed: (error: unknown) => void): void {
  if (isThenable(result)) result.then(undefined, failed)
}
