import { BlockPool } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ByteRuns, gapCountMax } from './byte-runs.ts'

let pool: BlockPool
let runs: ByteRuns

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  runs = new ByteRuns(pool)
})

afterEach(() => {
  runs.release()
  expect(pool.outstanding()).toEqual([])
})

const text = (): number[] => [...runs.head.bytes.subarray(runs.head.start, runs.head.end)]
const insert = (offset: number, bytes: readonly number[]): string =>
  runs.insert(offset, Uint8Array.from([9, ...bytes, 9]), 1, 1 + bytes.length)

describe('bytes that come in pieces', () => {
  it('can be read up to the first gap', () => {
    insert(2, [2, 3])
    expect(text()).toEqual([])
    insert(0, [0])
    expect(text()).toEqual([0])
    insert(1, [1])
    expect(text()).toEqual([0, 1, 2, 3])
    expect([runs.gapCount, runs.isEmpty()]).toEqual([0, false])
  })

  it('stay as they came first', () => {
    insert(1, [1, 1])
    insert(0, [5, 5, 5, 5])
    insert(0, [6, 6, 6, 6, 6])
    expect(text()).toEqual([5, 1, 1, 5, 6])
  })

  it('may fill many gaps at once', () => {
    for (const at of [2, 4, 6, 8]) insert(at, [at])
    expect(runs.gapCount).toBe(4)
    insert(1, [1, 0, 3, 0, 5, 0, 7, 0, 9])
    expect(runs.gapCount).toBe(1)
    insert(0, [0])
    expect(text()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('that were consumed are dropped', () => {
    insert(0, [0, 1, 2, 3])
    runs.consume(3)
    insert(1, [7, 7, 7, 7])
    expect([runs.start, ...text()]).toEqual([3, 3, 7])
    expect(insert(0, [1, 1])).toBe('stored')
    expect(text()).toEqual([3, 7])
  })

  it('make as many gaps as allowed, and no more', () => {
    for (let gap = 1; gap <= gapCountMax; gap++) expect(insert(gap * 2, [gap])).toBe('stored')
    expect(insert(gapCountMax * 2 + 2, [1])).toBe('full')
    expect(runs.gapCount).toBe(gapCountMax)
    // What makes no gap more is stored: behind a run, in front of one, and what fills the first gap.
    expect(insert(gapCountMax * 2 + 1, [1])).toBe('stored')
    expect(insert(3, [1])).toBe('stored')
    expect(runs.gapCount).toBe(gapCountMax - 1)
    expect(insert(gapCountMax * 2 + 4, [1])).toBe('stored')
    expect(insert(1, [1])).toBe('stored')
    expect(insert(0, [1])).toBe('stored')
    expect(text()).toEqual([1, 1, 1, 1, 2])
  })

  it('are stored in front of a run at the most gaps', () => {
    for (let gap = 1; gap <= gapCountMax; gap++) insert(gap * 3, [gap])
    expect(insert(4, [1])).toBe('stored')
    expect(insert(8, [1])).toBe('stored')
    expect(insert(gapCountMax * 3 + 3, [1])).toBe('full')
    expect(runs.gapCount).toBe(gapCountMax)
  })

  it('take memory for what came, not for where it belongs', () => {
    insert(2 ** 48 - 2, [1])
    insert(1_000_000, [1])
    expect(runs.weight).toBeLessThan(1000)
    expect(pool.statistics().liveBytes).toBeLessThan(1000)
  })

  it.each([1, 2, 3, 4, 5, 6])('are put in place in any order (seed %i)', (seed) => {
    const random = new Random(seed)
    const all = random.bytes(3000)
    const seen = new Uint8Array(all.length)
    let consumed = 0
    for (let step = 0; step < 6000 && consumed < all.length; step++) {
      const from = random.integer(0, Math.min(all.length, consumed + 600) - 1)
      const to = random.integer(from, Math.min(all.length, from + 60))
      if (runs.insert(from, all, from, to) === 'stored') seen.fill(1, from, to)
      const whole = seen.indexOf(0) < 0 ? all.length : seen.indexOf(0)
      expect(runs.start + runs.head.size).toBe(whole)
      expect(Buffer.from(text())).toEqual(Buffer.from(all.subarray(consumed, whole)))
      if (random.chance(0.2)) {
        const size = random.integer(0, runs.head.size)
        runs.consume(size)
        consumed += size
      }
    }
    expect(consumed).toBeGreaterThan(2000)
  })
})
