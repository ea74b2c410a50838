/**
 * What values take of memory: bytes of V8's heap on a 64-bit machine without compressed pointers (Node), measured in Node 20 and 24 and rounded up.
 * Both back ends count by these figures, so that they accept the same bytes.
 */

/** A place for a value in an array. */
export const SLOT = 8
/** A Map, and each entry behind the first three: its table is full at 4, 8, 16 … of them, and half full then. */
export const MAP_MEMORY = 184
export const MAP_ENTRY_MEMORY = 56
export const TABLE_FREE = 3
/** The same of a Set. */
export const SET_MEMORY = 152
export const SET_ENTRY_MEMORY = 40
/** What a bigint of 64 bits takes. */
export const BIGINT_MEMORY = 24
/** What a number takes that is no small integer, outside of arrays of such numbers. */
export const DOUBLE_MEMORY = 16
/** What is remembered of an object that pointers point to. */
export const LINK_MEMORY = 128

/** A plain object with so many members, as it is made member by member: with room for four, then three more at a time. */
export function objectMemory(members: number): number {
  return members <= 4 ? 56 : 72 + 24 * Math.ceil((members - 4) / 3)
}

/** An array with so many places. */
export function arrayMemory(places: number): number {
  return places === 0 ? 32 : 48 + SLOT * places
}

/** A typed array of so many bytes; those of none are one. */
export function bytesMemory(size: number): number {
  return size === 0 ? 0 : 232 + size
}

/** Text of so many units of UTF-16; single ones are shared. */
export function textMemory(units: number): number {
  return units === 0 ? 0 : 24 + 2 * units
}

/** The memory of a value of any schema. */
export function valueMemory(value: unknown): number {
  if (typeof value === 'bigint') return BIGINT_MEMORY
  if (typeof value === 'number') return DOUBLE_MEMORY
  if (typeof value !== 'object' || value === null) return 0
  if (value instanceof Uint8Array || value instanceof Uint32Array) return bytesMemory(value.byteLength)
  const sum = (of: Iterable<unknown>): number => {
    let total = 0
    for (const one of of) total += valueMemory(one)
    return total
  }
  if (Array.isArray(value)) return arrayMemory(value.length) + sum(value)
  if (value instanceof Set) return SET_MEMORY + SET_ENTRY_MEMORY * value.size + sum(value)
  if (value instanceof Map)
    return MAP_MEMORY + MAP_ENTRY_MEMORY * value.size + sum(value.keys()) + sum(value.values())
  const members = Object.values(value)
  return objectMemory(members.length) + sum(members)
}
