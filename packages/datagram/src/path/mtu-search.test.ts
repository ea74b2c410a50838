import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { MtuSearch } from './mtu-search.ts'

/** Lets a search go on over a path that carries packets up to `carries`, until it probes no more. */
function settle(search: MtuSearch, carries: number, now = 0): number[] {
  const probes: number[] = []
  for (let size = search.probe(now); size > 0; size = search.probe(now)) {
    probes.push(size)
    if (size <= carries) search.arrived(size)
    else search.lost(size, now)
  }
  return probes
}

describe('the search for the packet size of a path', () => {
  it.each([
    [1200, 1472, 1200],
    [1399, 1472, 1200],
    [1400, 1472, 1400],
    [1460, 1472, 1452],
    [1472, 1472, 1472],
    [65_535, 1472, 1472],
    [65_535, 1300, 1300],
    [65_535, 900, 1200],
    [8931, 65_000, 4000],
    [65_535, 65_000, 65_000],
  ])('of a path of %i, allowed up to %i, finds %i', (carries, max, found) => {
    const search = new MtuSearch(max)
    settle(search, carries)
    expect(search.size).toBe(found)
  })

  it('tries a size three times before it gives it up, and again after ten minutes', () => {
    const search = new MtuSearch(1472)
    expect(settle(search, 1300)).toEqual([1400, 1400, 1400])
    expect(search.isDue(599_999)).toBe(false)
    expect(search.isDue(600_000)).toBe(true)
    expect(settle(search, 1472, 600_000)).toEqual([1400, 1452, 1472])
  })

  it('has one probe under way, and ignores what became of others', () => {
    const search = new MtuSearch(1472)
    expect(search.probe(0)).toBe(1400)
    expect(search.probe(0)).toBe(0)
    search.lost(1452, 0)
    expect(search.probe(0)).toBe(0)
    search.arrived(1400)
    expect(search.probe(0)).toBe(1452)
  })

  it('falls back to 1,200 when large packets get lost in a row, and only then', () => {
    const search = new MtuSearch(1472)
    settle(search, 1472)
    for (let count = 0; count < 5; count++) expect(search.heard(1472, 'lost', 1000)).toBe(false)
    search.heard(1472, 'arrived', 1000)
    for (let count = 0; count < 5; count++) expect(search.heard(1472, 'lost', 1000)).toBe(false)
    expect(search.heard(1200, 'lost', 1000)).toBe(false)
    expect(search.heard(1472, 'lost', 1000)).toBe(true)
    expect(search.size).toBe(1200)
    expect(settle(search, 1400, 2000)).toEqual([1400, 1452, 1452, 1452])
  })

  it('begins again on another path', () => {
    const search = new MtuSearch(1472)
    settle(search, 1200)
    search.reset()
    expect(search.size).toBe(1200)
    settle(search, 1472)
    expect(search.size).toBe(1472)
  })

  it.each([1, 2, 3, 4, 5])('never goes beyond what is allowed or below 1,200, seed %i', (seed) => {
    const random = new Random(seed)
    const search = new MtuSearch(9000)
    let now = 0
    let probe = 0
    for (let step = 0; step < 20_000; step++) {
      now += random.integer(0, 100_000)
      probe ||= search.probe(now)
      const size = random.pick([probe, search.size, 1200, random.integer(0, 70_000)])
      if (probe > 0 && random.chance(0.3)) {
        if (random.chance(0.5)) search.arrived(probe)
        else search.lost(probe, now)
        probe = 0
      } else search.heard(size, random.pick(['arrived', 'lost']), now)
      expect(search.size).toBeGreaterThanOrEqual(1200)
      expect(search.size).toBeLessThanOrEqual(9000)
    }
  })
})
