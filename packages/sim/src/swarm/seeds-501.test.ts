import { expect, it } from 'vitest'
import { swarm } from './swarm.ts'

// Files run side by side: half of the thousand seeds are here, half in the other one.
it.each(Array.from({ length: 20 }, (_, group) => 501 + group * 25))(
  'a swarm keeps every promise, seeds %i and the 24 after it',
  async (first) => {
    const failed: string[] = []
    for (let seed = first; seed < first + 25; seed++)
      await swarm(seed).catch((error: Error) => failed.push(error.message))
    expect(failed).toEqual([])
  },
)
