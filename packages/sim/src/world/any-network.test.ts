import { expect, it } from 'vitest'
import { exchange } from '../../fixtures/exchange.ts'
import { Random } from '../base/random.ts'
import type { ConditionOptions } from '../net/conditions.ts'
import { World } from './world.ts'

/** Conditions of any kind, as long as something comes through. */
function drawn(random: Random): ConditionOptions {
  const share = (most: number) => (random.chance(0.5) ? 0 : random.next() * most)
  const delay = random.pick([0, 1, 20, 150])
  return {
    delayMs: [delay * random.next(), delay],
    jitter: random.pick(['even', 'bell', 'long-tail']),
    loss: share(0.2),
    bursts: { chance: share(0.01), packets: random.integer(1, 20), loss: random.next() },
    duplication: share(0.5),
    reorder: share(0.5),
    reorderMs: [0, random.integer(1, 100)],
    corruption: share(0.1),
    replay: share(0.5),
    bytesPerSecond: random.pick([50_000, 1_000_000, Number.POSITIVE_INFINITY]),
    queueBytes: random.pick([4000, 50_000]),
    clogs: { chance: share(0.005), ms: [0, random.integer(1, 2000)] },
  }
}

it.each(Array.from({ length: 12 }, (_, index) => 1 + index * 5))(
  'a stream is whole and in order on any network, and the same again: seeds %i and the 4 after it',
  async (first) => {
    for (let seed = first; seed < first + 5; seed++) {
      const net = drawn(new Random(seed))
      const hashes: string[] = []
      for (let run = 0; run < (seed === first ? 2 : 1); run++) {
        const world = new World({ seed, net })
        const { sent, received } = await exchange(world)
        expect(received, `seed ${seed}: ${JSON.stringify(net)}`).toEqual(sent)
        await world.end()
        hashes.push(world.traceHash)
      }
      expect(new Set(hashes).size, `seed ${seed}`).toBe(1)
    }
  },
)
