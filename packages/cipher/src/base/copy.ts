/** A copy. `slice` won't do: that of a Node Buffer shares its memory, and secrets are overwritten in the end. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
