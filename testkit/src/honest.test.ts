import { describe, expect, it } from 'vitest'
import { honestFeatures, unmended } from './honest-plan.ts'
import { type HonestReport, runHonest } from './honest-run.ts'

const groupSize = 12
const groups = Array.from({ length: 8 }, (_, group) => group * groupSize + 1)
const met = new Set<string>()

describe('honest peers under tight limits', () => {
  it.each(groups)('are never cut, seeds %i and the 11 after it', async (first) => {
    const failed: string[] = []
    for (let seed = first; seed < first + groupSize; seed++) {
      const told = (report: HonestReport): void => report.met.forEach((what) => void met.add(what))
      await runHonest(seed).then(told, (error: Error) => failed.push(error.message))
    }
    expect(failed).toEqual([])
  })

  it('meet everything that is drawn', () => {
    const mended = honestFeatures.filter((feature) => !unmended.includes(feature))
    const always = ['remote', 'local', 'long pauses', 'heartbeats']
    const encryption = ['none', 'pipe', 'late', 'both'].map((kind) => `encryption: ${kind}`)
    expect([...met]).toEqual(expect.arrayContaining([...always, ...encryption, ...mended]))
  })

  it('do the same for the same seed', async () => {
    for (const seed of [1, 2, 3]) {
      const [one, two] = [await runHonest(seed), await runHonest(seed)]
      expect(two.trace).toBe(one.trace)
      expect(one.channels).toBeGreaterThan(0)
    }
  })

  it('are cut when a deadline is nearer than they can keep it', async () => {
    const cut: string[] = []
    for (let seed = 11; seed <= 25; seed++)
      await runHonest(seed, { haste: 100 }).catch((error: Error) => cut.push(error.message))
    expect(cut.join()).toContain('the peer took nothing for')
  })
})
