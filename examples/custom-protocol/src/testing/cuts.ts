/** The ways in which a stream may be cut into chunks: whole, byte by byte, and at random places by a seed. */
export function cuts(bytes: Uint8Array, seed: number): Uint8Array[][] {
  const bytewise = Array.from(bytes, (_, at) => bytes.slice(at, at + 1))
  return [[bytes.slice()], bytewise, randomCuts(bytes, seed), randomCuts(bytes, seed + 1)]
}

/** Chunks of 1 to 19 bytes. */
function randomCuts(bytes: Uint8Array, seed: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let state = seed >>> 0
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const size = 1 + ((state >>> 8) % 19)
    chunks.push(bytes.slice(at, at + size))
    at += size
  }
  return chunks
}
