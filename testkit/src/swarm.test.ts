import { describe, expect, it } from 'vitest'
import { runSwarm } from './swarm-run.ts'

const groups = Array.from({ length: 10 }, (_, group) => group * 30 + 1)

describe('a swarm', () => {
  it.each(groups)('keeps every promise, seeds %i and the 29 after it', async (first) => {
    const failed: unknown[] = []
    for (let seed = first; seed < first + 30; seed++) {
      await runSwarm(seed).catch((error: Error) => failed.push(error.message))
    }
    expect(failed).toEqual([])
  })

  it('does the same for the same seed', async () => {
    let messages = 0
    for (const seed of [1, 2, 3, 4, 5]) {
      const [one, two] = [await runSwarm(seed), await runSwarm(seed)]
      expect(two.trace).toBe(one.trace)
      messages += one.messages
    }
    expect(messages).toBeGreaterThan(100)
  })

  it('meets every way to end that a network can cause', async () => {
    const met = new Set<string>()
    for (let seed = 1; seed <= 60; seed++)
      for (const reason of (await runSwarm(seed)).reasons.keys()) met.add(reason)
    for (const reason of ['closed', 'destroyed', 'link-ended', 'link-failed', 'overflow'])
      expect(met).toContain(reason)
  })
})
