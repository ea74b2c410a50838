import { joined, type Random } from './record-rig.ts'

const KEY_SIZE = 32
const MESSAGE_SIZE_MAX = 65_535

/** One message made into something else, rarely into itself. `seen` are the messages of this handshake so far. */
export function mutated(message: Uint8Array, seen: readonly Uint8Array[], random: Random): Uint8Array {
  const first = mutatedOnce(message, seen, random)
  return Buffer.compare(first, message) === 0 ? mutatedOnce(message, seen, random) : first
}

function mutatedOnce(message: Uint8Array, seen: readonly Uint8Array[], random: Random): Uint8Array {
  const kinds = MUTATIONS.length
  const kind = MUTATIONS[random.below(random.below(64) === 0 ? kinds : kinds - 1)]!
  return kind(message.slice(), random, seen)
}

type Mutation = (message: Uint8Array, random: Random, seen: readonly Uint8Array[]) => Uint8Array

/** The last one is the slowest, and tried least. */
const MUTATIONS: readonly Mutation[] = [
  flipBits,
  (message, random) => message.subarray(0, random.below(message.length)),
  (message, random) => joined(message, random.bytes(1 + random.below(40))),
  (message, random) => joined(message.subarray(random.below(message.length)), random.bytes(random.below(40))),
  (message, random) => random.bytes(random.below(2) === 0 ? message.length : random.below(200)),
  (message, random) => filled(message, KEY_SIZE * random.below(3), KEY_SIZE, 0),
  (message, random) => filled(message, random.below(message.length), 1 + random.below(40), random.below(256)),
  (_, random, seen) => seen[random.below(seen.length)]!.slice(),
  (message, random, seen) => joined(message, seen[random.below(seen.length)]!),
  swapBlocks,
  (message, random) =>
    joined(message, new Uint8Array(MESSAGE_SIZE_MAX + random.below(3) - 1 - message.length)),
]

function flipBits(message: Uint8Array, random: Random): Uint8Array {
  for (let count = random.below(4); count >= 0; count--)
    message[random.below(message.length)]! ^= 1 << random.below(8)
  return message
}

function swapBlocks(message: Uint8Array, random: Random): Uint8Array {
  const size = 16
  const blocks = Math.floor(message.length / size)
  const [from, to] = [random.below(blocks) * size, random.below(blocks) * size]
  const kept = message.slice(from, from + size)
  message.copyWithin(from, to, to + size)
  message.set(kept, to)
  return message
}

function filled(message: Uint8Array, from: number, size: number, value: number): Uint8Array {
  return message.fill(value, from, from + size)
}
