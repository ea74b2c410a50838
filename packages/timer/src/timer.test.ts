import { describe, expect, it } from 'vitest'
import { Timer } from './timer.ts'
import { TimerError } from './timer-error.ts'
import type { TimerLog } from './timer-log.ts'
import { VirtualClock } from './virtual-clock.ts'

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return error instanceof TimerError ? error.code : String(error)
  }
  return undefined
}

function logOf(lines: string[]): TimerLog {
  const write = (line: string) => void lines.push(line)
  return { debug: write, info: write, warn: write, error: write }
}

describe('nextDeadline', () => {
  it('says when a turn is needed, never too late', () => {
    const timer = new Timer(new VirtualClock(1000), { drive: 'manual' })
    expect(timer.nextDeadline()).toBe(Infinity)
    timer.once('soon', () => {}, 20)
    timer.once('later', () => {}, 5000)
    expect(timer.nextDeadline()).toBe(1020)
    timer.process(1020)
    let turnCount = 0
    for (; timer.has('later'); turnCount++) {
      expect(timer.nextDeadline()).toBeLessThanOrEqual(6000)
      timer.process(timer.nextDeadline())
    }
    expect(turnCount).toBeLessThanOrEqual(5)
    timer.once('never', () => {}, 5)
    timer.close()
    expect(timer.nextDeadline()).toBe(Infinity)
  })
})

describe('Timer', () => {
  it('set: first after the delay, then every interval, with key and time', () => {
    const clock = new VirtualClock(1_000)
    const timer = new Timer(clock)
    const seen: unknown[] = []
    expect(timer.set('key', (key, now) => seen.push([key, now]), 50, 200)).toBe(timer)
    clock.advance(500)
    expect(seen).toEqual([
      ['key', 1_050],
      ['key', 1_250],
      ['key', 1_450],
    ])
    expect(timer.has('key')).toBe(true)
  })

  it('once, and set with forever = false: a single run', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    const seen: unknown[] = []
    timer.once('once', (key, now) => seen.push([key, now, timer.has(key)]), 30)
    timer.set('set', (key, now) => seen.push([key, now]), 10, 0, false)
    clock.advance(1_000)
    expect(seen).toEqual([
      ['set', 10],
      ['once', 30, false],
    ])
    expect(timer.statistics()).toMatchObject({ liveCount: 0, setCount: 2, runCount: 2, cancelCount: 0 })
    expect(clock.wakeCount).toBe(0)
  })

  it('takes keys of every kind, and a second set replaces the first', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    const seen: unknown[] = []
    const see = (key: unknown) => void seen.push(key)
    const keys = ['', 'a', 0, Number.NaN, Symbol('s'), {}, see]
    for (const key of keys) timer.once(key, () => seen.push('old'), 5)
    for (const key of keys) timer.once(key, see, 10)
    expect(keys.map((key) => timer.has(key))).toEqual(keys.map(() => true))
    clock.advance(100)
    expect(seen).toEqual(keys)
    expect(timer.statistics().cancelCount).toBe(keys.length)
  })

  it('cancel: true once, and the callback stays away', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    let runs = 0
    timer.set('a', () => runs++, 10, 10)
    clock.advance(25)
    expect(timer.cancel('a')).toBe(true)
    expect(timer.cancel('a')).toBe(false)
    expect(timer.cancel('never set')).toBe(false)
    expect(clock.wakeCount).toBe(0)
    clock.advance(100)
    expect(runs).toBe(2)
    timer.set('a', () => runs++, 10, 10)
    clock.advance(10)
    expect(runs).toBe(3)
  })

  it('delays of zero and less: the next turn, never inside set, whatever fraction the time has', () => {
    let now = 10.75
    const timer = new Timer({ now: () => now }, { drive: 'manual' })
    const seen: string[] = []
    timer.process()
    timer.once('zero', () => seen.push('zero'), 0)
    timer.set('negative', () => seen.push('negative'), -1_000, 100)
    timer.once(
      'again',
      function again(key) {
        seen.push('again')
        timer.once(key, again, 0)
      },
      0,
    )
    expect(seen).toEqual([])
    now = 10.8
    timer.process()
    expect(seen).toEqual(['zero', 'negative', 'again'])
    timer.process()
    expect(seen).toEqual(['zero', 'negative', 'again', 'again'])
  })

  it('is free of drift: 10,000 intervals of 33.333 ms end exactly, however late the turns', () => {
    const clock = new VirtualClock(5)
    const timer = new Timer(clock)
    let runs = 0
    let last = 0
    timer.set(
      'tick',
      (_, now) => {
        runs++
        last = now
        clock.wakeAt(now + (runs % 7), () => timer.process())
      },
      33.333,
      33.333,
    )
    clock.advanceTo(5 + 333_330 - 1)
    expect(runs).toBe(9_999)
    clock.advance(1)
    expect(runs).toBe(10_000)
    expect(last).toBe(333_335)
    expect(timer.statistics().missedCount).toBe(0)
  })

  it('a late turn runs a key once, counts what it left out, and keeps the rhythm', () => {
    const clock = new VirtualClock()
    const lines: string[] = []
    const timer = new Timer(clock, { drive: 'manual', name: 'world', log: logOf(lines) })
    const seen: number[] = []
    timer.set('tick', (_, now) => seen.push(now), 100, 100)
    timer.process(100)
    timer.process(750)
    timer.process(799)
    timer.process(800)
    timer.process(36_000_000)
    expect(seen).toEqual([100, 750, 800, 36_000_000])
    expect(timer.statistics().missedCount).toBe(5 + 359_991)
    expect(lines[0]).toMatch(
      /^timer world: 1 of 10000 keys, next turn in \d+ ms: key "tick" missed 5 intervals$/,
    )
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('a log that %s is counted, and stops nothing', async (_how, fail) => {
    const clock = new VirtualClock()
    const told: unknown[] = []
    const log: TimerLog = { debug: fail, info: fail, warn: fail, error: fail }
    const timer = new Timer(clock, { countMax: 2, log, onError: (error) => void told.push(error) })
    const untold = Object.create(null)
    const seen: number[] = []
    timer.set('tick', (_, now) => void seen.push(now), 100, 100)
    timer.set(
      'fails',
      () => {
        throw untold
      },
      150,
      1000,
    )
    expect(codeOf(() => timer.once('third', () => {}, 1))).toBe('full')
    clock.advance(100)
    clock.advance(250)
    timer.log('info', 'a line')
    timer.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual([100, 200, 300])
    expect(told).toEqual([untold])
    // The callback, and the lines of it, of the refused key, of the program and of the end.
    expect(timer.statistics()).toMatchObject({ refusedCount: 1, errorCount: 5 })
  })

  it('runs in order of deadline, then of set', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    const seen: string[] = []
    for (const [key, ms] of [
      ['c', 300],
      ['a', 20],
      ['d', 300],
      ['b', 20],
    ] as const) {
      timer.once(key, () => seen.push(key), ms)
    }
    clock.advance(280)
    timer.once('e', () => seen.push('e'), 20)
    clock.advance(280)
    expect(seen.join('')).toBe('abcde')
  })

  it('waits for weeks, and asks the clock rarely', () => {
    const clock = new VirtualClock(1.75e12)
    let turns = 0
    const timer = new Timer({
      now: () => clock.now(),
      wakeAt: (atMs, wake) =>
        clock.wakeAt(atMs, () => {
          turns++
          wake()
        }),
    })
    const week = 7 * 24 * 3_600_000
    let at = 0
    timer.once('later', (_, now) => (at = now), 10 * week)
    timer.once('sooner', () => {}, 1_000)
    clock.advance(9 * week)
    expect(at).toBe(0)
    clock.advance(week)
    expect(at).toBe(1.75e12 + 10 * week)
    expect(turns).toBeLessThan(12)
  })

  it('is woken early without harm', () => {
    const clock = new VirtualClock()
    const early = {
      now: () => clock.now(),
      wakeAt: (atMs: number, wake: () => void) => clock.wakeAt(Math.min(atMs, clock.now() + 7), wake),
    }
    const timer = new Timer(early)
    const seen: number[] = []
    timer.set('a', (_, now) => seen.push(now), 50, 50)
    clock.advance(100)
    expect(seen).toEqual([50, 100])
  })

  it('has at most one wake-up open, at the earliest deadline', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    for (let ms = 1_000; ms > 0; ms -= 10) timer.once(ms, () => {}, ms)
    expect(clock.wakeCount).toBe(1)
    clock.advance(500)
    expect(timer.statistics().runCount).toBe(50)
    expect(clock.wakeCount).toBe(1)
    timer.close()
    expect(clock.wakeCount).toBe(0)
  })
})

describe('callbacks of a Timer', () => {
  it('may cancel themselves and others, set again, and drive in vain', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    const seen: string[] = []
    timer.set(
      'self',
      (key) => {
        seen.push(key)
        expect(timer.has(key)).toBe(true)
        timer.process(9_999)
        timer.cancel(key)
        timer.cancel('other')
        timer.once('other', () => seen.push('new other'), 0)
        timer.once('later', () => seen.push('later'), 5)
      },
      10,
      10,
    )
    timer.once('other', () => seen.push('old other'), 10)
    clock.advance(10)
    expect(seen).toEqual(['self', 'new other'])
    clock.advance(100)
    expect(seen).toEqual(['self', 'new other', 'later'])
    expect(clock.wakeCount).toBe(0)
  })

  it('may replace themselves', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    const seen: number[] = []
    timer.set(
      'a',
      (key, now) => {
        seen.push(now)
        timer.set(key, (_, later) => seen.push(-later), 7, 20)
      },
      10,
      10,
    )
    clock.advance(50)
    expect(seen).toEqual([10, -17, -37])
  })

  it('may close the timer: nothing runs any more', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    const seen: string[] = []
    timer.set(
      'a',
      () => {
        seen.push('a')
        timer.close()
      },
      10,
      10,
    )
    timer.set('b', () => seen.push('b'), 10, 10)
    clock.advance(100)
    expect(seen).toEqual(['a'])
    expect(clock.wakeCount).toBe(0)
    expect(codeOf(() => timer.once('c', () => {}, 1))).toBe('closed')
    expect(timer.cancel('b')).toBe(false)
    timer.process()
    timer.close()
    expect(timer.describe()).toBe('timer: closed')
    expect(timer.statistics()).toMatchObject({ liveCount: 0, runCount: 1, cancelCount: 2 })
  })

  it('that throw stop no other one, stay scheduled, and are thrown after the turn', () => {
    const clock = new VirtualClock()
    const timer = new Timer(clock)
    let runs = 0
    timer.set(
      'bad',
      () => {
        throw new Error('bad')
      },
      10,
      10,
    )
    timer.set('good', () => runs++, 10, 10)
    expect(() => clock.advance(15)).toThrow('bad')
    expect(runs).toBe(1)
    expect(() => clock.advance(15)).toThrow('bad')
    expect(runs).toBe(2)
    expect(timer.statistics().errorCount).toBe(2)
  })

  it('that throw go to onError instead, if there is one', () => {
    const clock = new VirtualClock()
    const seen: unknown[] = []
    const timer = new Timer(clock, { onError: (error, key) => seen.push([String(error), key]) })
    timer.once(
      'bad',
      () => {
        throw new Error('no')
      },
      1,
    )
    clock.advance(5)
    expect(seen).toEqual([['Error: no', 'bad']])
  })

  it('that reject later go to onError too, and count; thenables of any kind do', async () => {
    const clock = new VirtualClock()
    const seen: unknown[] = []
    const lines: string[] = []
    const line = (text: string) => void lines.push(text)
    const log = { debug: line, info: line, warn: line, error: line }
    const timer = new Timer(clock, { log, onError: (error, key) => seen.push([String(error), key]) })
    const late = async () => {
      throw new Error('late')
    }
    // biome-ignore lint/suspicious/noThenProperty: a thenable of the program is the point
    const thenable = { then: (_: unknown, reject: (error: string) => void) => reject('foreign') }
    timer.once('late', late, 1)
    timer.once('foreign', (() => thenable) as unknown as () => void, 1)
    clock.advance(5)
    await Promise.resolve()
    await Promise.resolve()
    expect(seen).toEqual([
      ['foreign', 'foreign'],
      ['Error: late', 'late'],
    ])
    expect(timer.statistics().errorCount).toBe(2)
    expect(lines.filter((text) => /callback of key .*late.* failed/.test(text)).length).toBe(1)
  })
})
