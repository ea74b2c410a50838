import { Random } from '@millrace/sim'

/** Bytes in the pieces in which a stream may bring them. */
export interface Cutting {
  /** How they were cut, with the seed if there was one. */
  readonly name: string
  /** Copies: a test may overwrite one. */
  readonly chunks: readonly Uint8Array[]
}

/** The ways in which a stream may bring these bytes: whole, byte by byte, and cut at random places, many times. */
export function threeWays(bytes: Uint8Array, seed = 1, randomCount = 20): Cutting[] {
  const ways = [
    { name: 'whole', chunks: [new Uint8Array(bytes)] },
    { name: 'byte by byte', chunks: Array.from(bytes, (byte) => Uint8Array.of(byte)) },
  ]
  for (let count = 0; count < randomCount; count++) {
    const random = new Random(seed + count)
    const pieceMax = random.pick([2, 5, 30, 1000, 70_000])
    const chunks = random.cut(bytes, pieceMax).map((piece) => new Uint8Array(piece))
    ways.push({ name: `cut by seed ${seed + count}`, chunks })
  }
  return ways
}
