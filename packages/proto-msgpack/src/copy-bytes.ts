const LOOP_MAX = 32

/** A plain copy of `bytes[start, end)`: never a view, and never a subclass such as Buffer, whatever `bytes` is. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const size = end - start
  const copied = new Uint8Array(size)
  if (size > LOOP_MAX) copied.set(bytes.subarray(start, end))
  else for (let index = 0; index < size; index++) copied[index] = bytes[start + index]
  return copied
}
