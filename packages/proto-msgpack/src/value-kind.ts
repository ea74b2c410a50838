import { mapRecordPrototype } from './map-record.ts'

/** True for what is written as a map of its own enumerable text keys: plain objects of any realm, and map records. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === mapRecordPrototype || prototype === null) return true
  return !Array.isArray(value) && Object.getPrototypeOf(prototype) === null
}
