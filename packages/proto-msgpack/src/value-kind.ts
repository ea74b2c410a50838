import { mapRecordPrototype } from './map-record.ts'

/** True for what is written as a map of its own enumerable text keys: plain objects of any realm, and map records. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === mapRecordPrototype || prototype === null) return true
  return !Array.isArray(value) && Object.getPrototypeOf(prototype) === null
}

/**
 * True for the keys that a `Map` may have on the wire. A bigint is written as the same integer as the number of that
 * size, so a map with both would carry one key twice.
 */
export function isMapKey(key: unknown, map: ReadonlyMap<unknown, unknown>): boolean {
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'boolean':
      return true
    case 'bigint':
      return !map.has(Number(key))
    default:
      return key === null
  }
}
