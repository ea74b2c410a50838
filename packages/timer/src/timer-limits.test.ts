import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Timer } from './timer.ts'
import { TimerError } from './timer-error.ts'
import { VirtualClock } from './virtual-clock.ts'

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return error instanceof TimerError ? error.code : String(error)
  }
  return undefined
}

describe('limits of a Timer', () => {
  it('refuses one key more than countMax, replaces at the limit, and has room again after', () => {
    const timer = new Timer(new VirtualClock(), { countMax: 3 })
    for (const key of [1, 2, 3]) timer.once(key, () => {}, 10)
    expect(codeOf(() => timer.once('four', () => {}, 10))).toBe('full')
    expect(() => timer.once('four', () => {}, 10)).toThrow(/"four" is one more than countMax \(3\)/)
    timer.once(3, () => {}, 20)
    timer.cancel(1)
    timer.once('four', () => {}, 10)
    expect(timer.statistics()).toMatchObject({ liveCount: 3, liveCountPeak: 3, refusedCount: 2 })
    expect(new Timer(new VirtualClock()).describe()).toBe('timer: 0 of 10000 keys')
  })

  it('names what is no time and no interval, and leaves the key as it was', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    let runs = 0
    timer.set('a', () => runs++, 10, 10)
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      expect(codeOf(() => timer.set('a', () => {}, bad, 10))).toBe('bad-time')
      expect(codeOf(() => timer.once('a', () => {}, bad))).toBe('bad-time')
      expect(codeOf(() => timer.set('a', () => {}, 10, bad))).toBe('bad-interval')
      expect(codeOf(() => timer.process(bad))).toBe('bad-time')
    }
    expect(codeOf(() => timer.set('a', () => {}, 1e300, 10))).toBe('bad-time')
    for (const bad of [0, -1]) expect(() => timer.set('a', () => {}, 10, bad)).toThrow(/above 0 ms.*once\(\)/)
    for (const countMax of [0, 1.5, Number.NaN]) {
      expect(codeOf(() => new Timer(clock, { countMax }))).toBe('bad-limit')
    }
    clock.advance(20)
    expect(runs).toBe(2)
    expect(timer.statistics().setCount).toBe(1)
  })

  it('holds a million live keys, ends half of them, and runs the others in order', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock, { countMax: 1_000_000 })
    let runs = 0
    let last = 0
    let isOrdered = true
    const callback = (key: number, now: number) => {
      runs++
      isOrdered &&= key % 2 === 0 && now >= last && now === delayOf(key)
      last = now
    }
    const delayOf = (key: number) => 1 + ((key * 7_919) % 3_600)
    for (let key = 0; key < 1_000_000; key++) timer.once(key, callback, delayOf(key))
    expect(timer.statistics().liveCount).toBe(1_000_000)
    for (let key = 1; key < 1_000_000; key += 2) timer.cancel(key)
    clock.advance(3_600)
    expect(runs).toBe(500_000)
    expect(isOrdered).toBe(true)
    expect(timer.statistics()).toMatchObject({ liveCount: 0, cancelCount: 500_000 })
  })

  it('forgets ended keys, but for the 1,024 that ended last', async () => {
    const timer = new Timer(new VirtualClock())
    const keys: WeakRef<object>[] = []
    for (let i = 0; i < 5_000; i++) {
      const key = { i }
      keys.push(new WeakRef(key))
      timer.once(key, () => {}, 10)
      timer.cancel(key)
    }
    const held = () => keys.filter((key) => key.deref() !== undefined).length
    // What was put into a WeakRef, or read from it, lives to the end of the job.
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      globalThis.gc?.()
    }
    if (globalThis.gc !== undefined) expect(held()).toBeLessThanOrEqual(1_025)
    expect(timer.statistics().liveCount).toBe(0)
  })
})

describe('a forgotten key', () => {
  it('leaves nothing behind, even if it was the one asked for last', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    timer.once('first', () => {}, 1)
    timer.cancel('first')
    for (let i = 0; i < 1_024; i++) timer.once(i, () => {}, 1)
    expect(timer.has('first')).toBe(false)
    clock.advance(1)
    let runs = 0
    timer.once('', () => runs++, 10)
    timer.once('first', () => runs++, 10)
    expect([timer.has(''), timer.has('first')]).toEqual([true, true])
    timer.once('', () => runs++, 10)
    expect(timer.statistics().liveCount).toBe(2)
    clock.advance(10)
    expect(runs).toBe(2)
  })
})

describe('random keys', () => {
  it('agree with a plain table, also when keys are forgotten and come again', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock, { countMax: 5_000 })
    const table = new Map<string, number>()
    let wrong = 0
    let seed = 7
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    const callback = (key: string, now: number) => {
      if (table.get(key) !== now) wrong++
      table.delete(key)
    }
    for (let i = 0; i < 60_000; i++) {
      const key = `key ${random(4_000)}`
      const action = random(10)
      if (action < 5) {
        const ms = 1 + random(2_000)
        timer.once(key, callback, ms)
        table.set(key, clock.now() + ms)
      } else if (action < 9) {
        if (timer.cancel(key) !== table.delete(key)) wrong++
      } else clock.advance(random(8))
      if (timer.has(key) !== table.has(key)) wrong++
    }
    expect(timer.statistics().liveCount).toBe(table.size)
    clock.advance(3_000)
    expect([wrong, table.size]).toEqual([0, 0])
  })
})

describe('README', () => {
  it('shows examples that run as they stand', async () => {
    const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1])
    expect(blocks.length).toBe(2)
    const exports = await import('./index.ts')
    for (const block of blocks) {
      const body = block.replace(/import \{([^}]*)\} from '@millrace\/timer'/, 'const {$1} = exports')
      const lines: string[] = []
      const log = { log: (...words: unknown[]) => lines.push(words.join(' ')) }
      new Function('exports', 'console', body)(exports, log)
      expect(lines).toEqual([...block.matchAll(/^\/\/ prints: (.*)$/gm)].map((match) => match[1]))
    }
  })
})
