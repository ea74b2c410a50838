/**
 * What values take of memory when they are read: bytes of V8's heap on a 64-bit machine (Node), measured in Node 20 and 24 and rounded up. What isn't
 * counted (text, numbers) takes at most 8 bytes for each byte on the wire.
 */

/** So many bytes may be taken by any value. */
const FREE = 16_384
const UNCOUNTED_PER_BYTE = 8

/** How much of what is counted may be taken by a value of so many bytes. */
export function allowedFor(size: number, memoryPerByteMax: number): number {
  return FREE + Math.max(0, memoryPerByteMax - UNCOUNTED_PER_BYTE) * size
}

/** A key that no map before had at its place: V8 makes a class of objects with it, or a table. */
export const NEW_KEY = 160
/** A timestamp. */
export const DATE = 96

/** An array. */
export function ofArray(count: number): number {
  return count === 0 ? 32 : 48 + 8 * count
}

/** An object: with as much room as the first ones had that were read, and for further members. */
export function ofRecord(count: number): number {
  return count === 0 ? 24 : 104 + 8 * Math.max(0, count - 10)
}

/** A Map: its table is full at 4, 8, 16 … entries, and half full then. */
export function ofMap(count: number): number {
  return 184 + 56 * Math.max(0, count - 3)
}

/** Bytes; those of none are one. */
export function ofBytes(size: number): number {
  return size === 0 ? 0 : 232 + size
}
