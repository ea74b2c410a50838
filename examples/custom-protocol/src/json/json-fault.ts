/** What a JSON body may be, beside fitting into a frame. */
export interface JsonLimits {
  /** Arrays and objects in one another. Default 32. */
  readonly depthMax: number
  /** Values of one body, all together. Default 100,000. */
  readonly valueCountMax: number
}

/** The defaults of all limits. */
export const jsonLimits: JsonLimits = Object.freeze({ depthMax: 32, valueCountMax: 100_000 })

/** Names that reach a prototype when a program later merges what it received. */
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * What keeps a value from being a JSON body, in words, or undefined. Used both ways: what one side may send, the other
 * takes. Walks without recursion, so that no depth can overflow the stack; ends at the limits, so that a circle is found.
 */
export function jsonFault(body: unknown, limits: JsonLimits): string | undefined {
  let level: unknown[] = [body]
  let count = 0
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.depthMax) return `it is nested deeper than ${limits.depthMax} (depthMax)`
    count += level.length
    if (count > limits.valueCountMax) return `it has more than ${limits.valueCountMax} values (valueCountMax)`
    const next: unknown[] = []
    for (const value of level) {
      const fault = typeof value === 'object' && value !== null ? inside(value, next) : scalarFault(value)
      if (fault !== undefined) return fault
    }
    level = next
  }
  return undefined
}

function inside(value: object, next: unknown[]): string | undefined {
  if (Array.isArray(value)) {
    for (const item of value) next.push(item)
    return undefined
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return `it holds a ${value.constructor?.name ?? 'foreign object'}; only plain objects and arrays are JSON`
  }
  for (const [key, item] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) return `it has a property named '${key}'`
    // An optional property that is left out.
    if (item !== undefined) next.push(item)
  }
  return undefined
}

function scalarFault(value: unknown): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `it holds the number ${value}`
  return `it holds ${value === undefined ? 'undefined' : `a ${typeof value}`}`
}
