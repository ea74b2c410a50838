import { MsgpackError } from './msgpack-error.ts'
import { isPlain } from './value-kind.ts'
import type { ValueMeasure } from './value-measure.ts'

const NAME = /^[A-Za-z_$][\w$]*$/

/**
 * Turns what was thrown while `root` was measured or written into the error that names the path. Looks for the path
 * only now, so that writing carries none along: level by level, the first child that cannot be measured alone.
 */
export function unwritable(thrown: unknown, root: unknown, measure: ValueMeasure): MsgpackError {
  if (!(thrown instanceof MsgpackError)) {
    return new MsgpackError('access-failed', { path: pathIn(root, measure), cause: thrown })
  }
  const { code, cause, detail } = thrown
  // The sum of all is over, no part of it: there is no path to look for (and looking could take very long).
  const isOfAll = code === 'nodes-over-limit' || code === 'keys-in-all-over-limit'
  const path = isOfAll ? '' : pathIn(root, measure)
  return new MsgpackError(code, detail === '' ? { path, cause } : { path, cause, detail })
}

function pathIn(root: unknown, measure: ValueMeasure): string {
  let path = ''
  let value = root
  try {
    for (let depth = 1; depth <= measure.depthMax; depth++) {
      const child = firstUnwritable(value, depth, measure)
      if (child === undefined) return path
      path += path === '' && child.step.startsWith('.') ? child.step.slice(1) : child.step
      value = child.value
    }
  } catch {
    // A getter that failed before fails again: the path is known up to its owner.
  }
  return path
}

interface Child {
  readonly step: string
  readonly value: unknown
}

function firstUnwritable(value: unknown, depth: number, measure: ValueMeasure): Child | undefined {
  for (const child of childrenOf(value)) {
    try {
      measure.size(child.value, depth)
    } catch {
      return child
    }
  }
  return undefined
}

function* childrenOf(value: unknown): Generator<Child> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) yield { step: `[${index}]`, value: value[index] }
  } else if (value instanceof Map) {
    for (const [key, inner] of value) yield { step: stepOf(key), value: inner }
  } else if (isPlain(value)) {
    for (const key of Object.keys(value)) yield { step: stepOf(key), value: value[key] }
  }
}

function stepOf(key: unknown): string {
  if (typeof key !== 'string') return `[${String(key)}]`
  return NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
