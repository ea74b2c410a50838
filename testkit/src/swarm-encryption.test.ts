import { describe, expect, it } from 'vitest'
import { runSwarm, type SwarmReport } from './swarm-run.ts'

const encrypted = (seed: number): Promise<SwarmReport> => runSwarm(seed, { encryption: 'some' })
const groups = Array.from({ length: 6 }, (_, group) => group * 25 + 1)

describe('an encrypted swarm', () => {
  it.each(groups)('keeps every promise, seeds %i and the 24 after it', async (first) => {
    const failed: unknown[] = []
    for (let seed = first; seed < first + 25; seed++) {
      await encrypted(seed).catch((error: Error) => failed.push(error.message))
    }
    expect(failed).toEqual([])
  })

  it('does the same for the same seed', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const [one, two] = [await encrypted(seed), await encrypted(seed)]
      expect(two.trace).toBe(one.trace)
      expect(two.encryption).toEqual(one.encryption)
    }
  })

  it('meets encrypted pipes, granted and refused requests for it, messages in clear, and meddlers', async () => {
    const sums = { sealed: 0, asked: 0, granted: 0, meddled: 0, seenInClear: 0 }
    const met = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const { encryption, reasons } = await encrypted(seed)
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += encryption?.[name] ?? 0
      for (const reason of reasons.keys()) met.add(reason)
    }
    for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(10)
    expect(sums.granted).toBeLessThan(sums.asked)
    expect(met).toContain('encryption-failed')
  })
})
