import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../fuzz/record-rig.ts'
import { ReplayWindow } from './replay-window.ts'

const seed = 20_261_120
console.log(`replay-window.test.ts: seed ${seed}`)

const LAST = 2n ** 64n - 1n

/** The window as one would write it without a care: a set of all counters that were ever marked. */
class NaiveWindow {
  readonly #size: bigint
  readonly #seen = new Set<bigint>()
  #newest = -1n

  constructor(size: number) {
    this.#size = BigInt(size)
  }

  check(counter: bigint): string {
    if (counter > this.#newest) return 'new'
    if (this.#newest - counter >= this.#size) return 'too-old'
    return this.#seen.has(counter) ? 'replayed' : 'new'
  }

  mark(counter: bigint): void {
    this.#seen.add(counter)
    if (counter > this.#newest) this.#newest = counter
  }
}

const high = (counter: bigint): number => Number(counter >> 32n)
const low = (counter: bigint): number => Number(counter & 0xffff_ffffn)

function windowOf(size = 1024) {
  const window = new ReplayWindow(size)
  return {
    window,
    check: (counter: bigint) => window.check(high(counter), low(counter)),
    mark: (counter: bigint) => window.mark(high(counter), low(counter)),
  }
}

describe.each([64, 128, 1024, 8192])('a window of %s', (size) => {
  const wide = BigInt(size)

  it.each([0n, wide, 2n ** 32n, 2n ** 53n, LAST - 1n - wide, LAST - 1n, LAST])(
    'is exact at both its edges, with %s the newest',
    (newest) => {
      const { check, mark } = windowOf(size)
      mark(newest)
      expect(check(newest)).toBe('replayed')
      if (newest < LAST) expect(check(newest + 1n)).toBe('new')
      const back = (by: bigint): string | undefined => (newest >= by ? check(newest - by) : undefined)
      expect([undefined, 'new']).toContain(back(1n))
      expect([undefined, 'new']).toContain(back(wide - 1n))
      expect([undefined, 'too-old']).toContain(back(wide))
      expect([undefined, 'too-old']).toContain(back(wide + 1n))
      if (newest < wide) return
      expect(back(wide - 1n)).toBe('new')
      mark(newest - wide + 1n)
      expect(back(wide - 1n)).toBe('replayed')
      mark(newest - wide)
      expect(back(wide)).toBe('too-old')
    },
  )

  it.each([0n, 1n, wide - 1n, wide, wide + 1n, 2n ** 32n, 2n ** 53n, LAST - 1n, LAST])(
    'takes %s once, first of all or after 0',
    (counter) => {
      const fresh = windowOf(size)
      expect(fresh.check(counter)).toBe('new')
      fresh.mark(counter)
      expect(fresh.check(counter)).toBe('replayed')
      const used = windowOf(size)
      used.mark(0n)
      expect(used.check(counter)).toBe(counter === 0n ? 'replayed' : 'new')
      used.mark(counter)
      expect(used.check(0n)).toBe(counter >= wide ? 'too-old' : 'replayed')
    },
  )

  it('says what a set of all counters says, over long random runs', () => {
    const starts = fc.constantFrom(0n, 2n ** 32n - 700n, 2n ** 53n - 700n, LAST - 40_000n)
    const check = fc.property(starts, fc.nat(), (start, runSeed) => {
      const random = new Random(runSeed)
      const { check, mark } = windowOf(size)
      const naive = new NaiveWindow(size)
      let counter = start
      for (let step = 0; step < 400; step++) {
        const jump = random.below(100) < 4 ? random.below(size * 3) : random.below(4)
        counter += BigInt(jump)
        if (counter > LAST) break
        const back = BigInt(random.below(random.below(3) === 0 ? size * 2 : 40))
        const asked = counter >= back ? counter - back : counter
        const verdict = check(asked)
        if (verdict !== naive.check(asked)) throw new Error(`${asked}: ${verdict}, not ${naive.check(asked)}`)
        // Some datagrams turn out to be forged: asked for, never marked.
        if (verdict === 'new' && random.below(8) > 0) {
          mark(asked)
          naive.mark(asked)
        }
      }
    })
    fc.assert(check, { seed, numRuns: 300 })
  })

  it('forgets all that a step around the ring passed over, wherever in a word it begins and ends', () => {
    for (let step = size - 40; step < 2 * size + 40; step++) {
      for (const start of [0, 1, 31, 32, 63]) {
        const { check, mark } = windowOf(size)
        for (let counter = 0; counter <= start; counter++) mark(BigInt(counter))
        const newest = start + step
        mark(BigInt(newest))
        for (let back = 1; back < size; back += back < 80 || back > size - 80 ? 1 : 37) {
          const counter = newest - back
          if (counter < 0) break
          const wanted = counter <= start ? 'replayed' : 'new'
          const verdict = check(BigInt(counter))
          if (verdict !== wanted) throw new Error(`${start} + ${step}, ${counter}: ${verdict}, not ${wanted}`)
        }
      }
    }
  })
})

describe('a window', () => {
  it('does not change by being asked', () => {
    const { window, check, mark } = windowOf()
    mark(5n)
    for (const counter of [6n, 5n, 0n, LAST]) {
      check(counter)
      check(counter)
    }
    expect(window.newest).toBe(5n)
    expect(check(6n)).toBe('new')
  })

  it('has a size that is a power of two from 64 to 8,192', () => {
    for (const size of [0, 32, 63, 100, 1000, 16_384, Number.NaN, 64.5])
      expect(() => new ReplayWindow(size)).toThrow(expect.objectContaining({ code: 'option' }))
    expect(new ReplayWindow().size).toBe(1024)
  })
})
