import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { IdRing } from './id-ring.ts'

describe('a ring of ids', () => {
  it('has nothing before the first value, and for ids that are over or far ahead', () => {
    const ring = new IdRing<string>(5)
    for (const id of [0, 4, 5, 6, 5000]) expect(ring.get(id)).toBeUndefined()
    ring.set(7, 'seven')
    expect(ring.get(7)).toBe('seven')
    // The same place in a ring of four.
    for (const id of [3, 11, 7 + 1024]) expect(ring.get(id)).toBeUndefined()
  })

  it.each([1, 2, 3, 4, 5])('is a map, but for what is over, seed %i', (seed) => {
    const random = new Random(seed)
    const first = random.pick([0, 2 ** 30 - 3, 2 ** 31 - 3, 2 ** 40])
    const ring = new IdRing<number>(first)
    const map = new Map<number, number>()
    for (let step = 0; step < 5000; step++) {
      const id = ring.lowest + random.integer(0, random.pick([2, 30, 1023]))
      const what = random.next()
      if (what < 0.5) {
        ring.set(id, step)
        map.set(id, step)
      } else if (what < 0.7) {
        ring.set(id, undefined)
        map.delete(id)
      } else if (what < 0.95) {
        map.delete(ring.lowest)
        ring.advance()
      } else if (what < 0.951) {
        ring.clear()
        map.clear()
      }
      const looked = ring.lowest + random.integer(-5, 1100)
      expect(ring.get(looked)).toBe(map.get(looked))
    }
    expect(ring.values().filter((value) => value !== undefined)).toHaveLength(map.size)
  })
})
