import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimerEntry } from './timer-entry.ts'
import { TimerError } from './timer-error.ts'
import { TimerWheel } from './timer-wheel.ts'

const SEED = 20_240_817

function recorder(wheel: TimerWheel) {
  const fired: string[] = []
  const add = (name: string, atMs: number) => {
    const entry = new TimerEntry(() => fired.push(name))
    wheel.schedule(entry, atMs)
    return entry
  }
  return { fired, add }
}

describe('TimerWheel', () => {
  it('shows every entry that waits, wherever it lies', () => {
    const wheel = new TimerWheel(100)
    const { add } = recorder(wheel)
    const times = [0, 100, 101, 400, 20_000, 2 ** 21, 2 ** 27, 2 ** 33]
    const entries = times.map((at) => add(`${at}`, at))
    add('cancelled', 150)
    const cancelled = add('cancelled', 170)
    wheel.cancel(cancelled)
    wheel.advance(160)
    const seen = new Set<TimerEntry>()
    wheel.forEach((entry) => void seen.add(entry))
    expect(seen).toEqual(new Set(entries.slice(3)))
  })

  it('fires at the deadline and not before, at every level and beyond', () => {
    for (const delay of [
      1,
      255,
      256,
      257,
      16_383,
      16_384,
      2 ** 20,
      2 ** 26,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 40,
    ]) {
      for (const start of [0, 255, 1_000_000.7, 1_755_000_000_000, -5_000]) {
        const wheel = new TimerWheel(start)
        const { fired, add } = recorder(wheel)
        const entry = add('it', start + delay)
        expect(entry.deadline).toBe(Math.ceil(start + delay))
        wheel.advance(entry.deadline - 1)
        expect(fired, `${delay} after ${start}, early`).toEqual([])
        wheel.advance(entry.deadline)
        expect(fired, `${delay} after ${start}`).toEqual(['it'])
        expect(wheel.count).toBe(0)
        expect(entry.isScheduled).toBe(false)
      }
    }
  })

  it('orders by deadline, then by insertion, also over a jump of hours', () => {
    const wheel = new TimerWheel(0)
    const { fired, add } = recorder(wheel)
    add('late', 7_200_000)
    add('middle 1', 300)
    wheel.advance(100)
    add('middle 2', 300)
    add('early', 299.2)
    add('middle 3', 299.9)
    wheel.advance(10_000_000)
    expect(fired).toEqual(['middle 1', 'middle 2', 'early', 'middle 3', 'late'])
  })

  it('moves an entry that waits, and takes it over from another wheel', () => {
    const one = new TimerWheel(0)
    const two = new TimerWheel(0)
    const { fired, add } = recorder(one)
    const entry = add('it', 10)
    one.schedule(entry, 1_000)
    expect(one.count).toBe(1)
    two.schedule(entry, 20)
    expect([one.count, two.count]).toEqual([0, 1])
    one.advance(5_000)
    expect(one.cancel(entry)).toBe(false)
    expect(fired).toEqual([])
    two.advance(20)
    expect(fired).toEqual(['it'])
    expect(two.cancel(entry)).toBe(false)
  })

  it('takes a time that has passed as now, and ignores a clock that goes back', () => {
    const wheel = new TimerWheel(1_000)
    const { fired, add } = recorder(wheel)
    wheel.advance(2_000)
    expect(add('past', -50).deadline).toBe(2_000)
    expect(wheel.nextDeadline()).toBe(2_000)
    expect(fired).toEqual([])
    wheel.advance(500)
    expect(fired).toEqual(['past'])
    expect(wheel.now).toBe(2_000)
    add('next', 2_001)
    wheel.advance(1_999)
    expect(fired).toEqual(['past'])
  })

  it('lets callbacks schedule and cancel, without firing in the same advance what they schedule for now', () => {
    const wheel = new TimerWheel(0)
    const fired: string[] = []
    const again = new TimerEntry((now) => {
      fired.push(`again ${now}`)
      wheel.schedule(again, now)
      wheel.schedule(inside, 50)
      wheel.cancel(victim)
      wheel.advance(9_999)
    })
    const victim = new TimerEntry(() => fired.push('victim'))
    const inside = new TimerEntry((now) => fired.push(`inside ${now}`))
    wheel.schedule(again, 10)
    wheel.schedule(victim, 20)
    wheel.advance(100)
    expect(fired).toEqual(['again 100'])
    expect(again.deadline).toBe(100)
    wheel.cancel(again)
    wheel.advance(100)
    expect(fired).toEqual(['again 100', 'inside 100'])
    expect(wheel.count).toBe(0)
  })

  it('runs the others when callbacks throw, then throws', () => {
    const wheel = new TimerWheel(0)
    const { fired, add } = recorder(wheel)
    const fail = (message: string, atMs: number) =>
      wheel.schedule(
        new TimerEntry(() => {
          throw new Error(message)
        }),
        atMs,
      )
    fail('one', 5)
    add('a', 6)
    expect(() => wheel.advance(10)).toThrow(/^one$/)
    fail('two', 11)
    add('b', 12)
    fail('three', 13)
    add('c', 14)
    let caught: unknown
    try {
      wheel.advance(20)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(AggregateError)
    expect((caught as AggregateError).errors.map((error: Error) => error.message)).toEqual(['two', 'three'])
    expect(fired).toEqual(['a', 'b', 'c'])
  })

  it('refuses what is no time, and stays as it was', () => {
    const wheel = new TimerWheel(0)
    const { fired, add } = recorder(wheel)
    const entry = add('it', 10)
    for (const bad of [Number.NaN, Infinity, -Infinity, 1e300]) {
      expect(() => new TimerWheel(bad)).toThrow(TimerError)
      expect(() => wheel.advance(bad)).toThrow(TimerError)
      expect(() => wheel.schedule(entry, bad)).toThrow(/must be a number of milliseconds/)
    }
    wheel.advance(Number.MAX_SAFE_INTEGER)
    expect(fired).toEqual(['it'])
    expect(wheel.nextDeadline()).toBe(Infinity)
  })

  it('needs few turns to come to a far deadline when nextDeadline leads', () => {
    for (const atMs of [300, 20_000, 5_000_000, 100_000_000, 2 ** 31 + 12_345, 2 ** 33 + 99]) {
      const wheel = new TimerWheel(17)
      const { fired, add } = recorder(wheel)
      add('it', atMs)
      let turns = 0
      while (fired.length === 0) {
        const next = wheel.nextDeadline()
        expect(next).toBeLessThanOrEqual(atMs)
        wheel.advance(next)
        expect(++turns).toBeLessThan(8)
      }
      expect(wheel.now).toBe(atMs)
    }
  })

  it('agrees with a sorted array', () => {
    const delay = fc.oneof(
      fc.integer({ min: -10, max: 600 }),
      fc.integer({ min: 0, max: 70_000 }),
      fc.integer({ min: 0, max: 2 ** 33 }),
      fc.double({ min: 0, max: 1_000, noNaN: true }),
    )
    const step = fc.oneof(
      fc.record({ kind: fc.constant('schedule' as const), id: fc.nat(15), ms: delay }),
      fc.record({ kind: fc.constant('cancel' as const), id: fc.nat(15), ms: fc.constant(0) }),
      fc.record({ kind: fc.constant('advance' as const), id: fc.constant(0), ms: delay }),
      fc.record({ kind: fc.constant('lead' as const), id: fc.constant(0), ms: fc.constant(0) }),
    )
    const start = fc.oneof(
      fc.constant(0),
      fc.integer({ min: -1_000, max: 2 ** 32 }),
      fc.constant(1.75e12 + 0.25),
    )
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 80 }), (startMs, steps) => {
        const wheel = new TimerWheel(startMs)
        const fired: number[] = []
        const entries = Array.from({ length: 16 }, (_, id) => new TimerEntry(() => fired.push(id)))
        const model = new Model(startMs)
        for (const { kind, id, ms } of steps) {
          if (kind === 'schedule') {
            wheel.schedule(entries[id], wheel.now + ms)
            model.schedule(id, model.now + ms)
          } else if (kind === 'cancel') {
            expect(wheel.cancel(entries[id])).toBe(model.cancel(id))
          } else {
            const next = wheel.nextDeadline()
            const to = kind === 'advance' ? wheel.now + ms : next === Infinity ? wheel.now : next
            fired.length = 0
            wheel.advance(to)
            expect(fired).toEqual(model.advance(to))
          }
          expect(wheel.count).toBe(model.waiting.length)
          const first = model.waiting[0]?.atMs ?? Infinity
          expect(wheel.nextDeadline()).toBeLessThanOrEqual(first)
          expect(wheel.nextDeadline() === Infinity).toBe(first === Infinity)
          if (first - wheel.now < 1) expect(wheel.nextDeadline()).toBe(first)
          for (const { id, atMs } of model.waiting) expect(entries[id].deadline).toBe(atMs)
        }
      }),
      { seed: SEED, numRuns: 1_500 },
    )
  })
})

/** The plain truth: an array, sorted by deadline and then by insertion. */
class Model {
  now: number
  waiting: { id: number; atMs: number }[] = []

  constructor(now: number) {
    this.now = now
  }

  schedule(id: number, atMs: number): void {
    this.cancel(id)
    this.waiting.push({ id, atMs: atMs > this.now ? Math.ceil(atMs) : Math.floor(this.now) })
    this.waiting.sort((a, b) => a.atMs - b.atMs)
  }

  cancel(id: number): boolean {
    const before = this.waiting.length
    this.waiting = this.waiting.filter((one) => one.id !== id)
    return this.waiting.length < before
  }

  advance(now: number): number[] {
    this.now = Math.max(this.now, now)
    const due = this.waiting.filter((one) => one.atMs <= this.now)
    this.waiting = this.waiting.filter((one) => one.atMs > this.now)
    return due.map((one) => one.id)
  }
}
