/** Below this many bytes a loop beats `set`, which needs a view of its own for a part of an array (26 ns). */
const LOOP_SIZE_MAX = 32

/** Copies `source[from, to)` to `target` at `position`. The caller has checked that it fits. */
export function copyBytes(
  target: Uint8Array,
  position: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  if (to - from === source.length) {
    target.set(source, position)
  } else if (to - from <= LOOP_SIZE_MAX) {
    for (let index = from; index < to; index++) target[position++] = source[index]
  } else {
    target.set(source.subarray(from, to), position)
  }
}
