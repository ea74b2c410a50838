import { describe, expect, it } from 'vitest'
import { TimerError } from './timer-error.ts'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  it('runs wake-ups at their time, in order of time, then of asking', () => {
    const clock = new VirtualClock(100)
    const seen: string[] = []
    const at = (name: string, atMs: number) => clock.wakeAt(atMs, () => seen.push(`${name} ${clock.now()}`))
    at('c', 130)
    at('a', 110)
    at('b', 110)
    at('gone', 120).cancel()
    clock.advance(25)
    expect(seen).toEqual(['a 110', 'b 110'])
    expect(clock.now()).toBe(125)
    expect(clock.wakeCount).toBe(1)
    clock.advanceTo(50)
    expect(clock.now()).toBe(125)
    clock.advanceTo(130)
    expect(seen).toEqual(['a 110', 'b 110', 'c 130'])
  })

  it('runs what wake-ups ask for on the way, and settles without passing time', () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    const again = () => {
      seen.push(clock.now())
      if (clock.now() < 30) clock.wakeAt(clock.now() + 10, again)
    }
    clock.wakeAt(-5, again)
    expect(seen).toEqual([])
    clock.settle()
    expect(seen).toEqual([0])
    clock.advance(100)
    expect(seen).toEqual([0, 10, 20, 30])
    expect(clock.now()).toBe(100)
  })

  it('stops at a wake-up that throws, and goes on from there', () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    clock.wakeAt(10, () => {
      throw new Error('ten')
    })
    clock.wakeAt(20, () => seen.push(20))
    expect(() => clock.advance(50)).toThrow('ten')
    expect(clock.now()).toBe(10)
    clock.advanceTo(50)
    expect(seen).toEqual([20])
  })

  it('names a circle at one instant, a wake-up that moves the clock, and what is no time', () => {
    const clock = new VirtualClock()
    const circle = () => void clock.wakeAt(clock.now(), circle)
    circle()
    expect(() => clock.settle()).toThrow(TimerError)
    const other = new VirtualClock()
    other.wakeAt(5, () => other.advance(1))
    expect(() => other.advance(10)).toThrow(/ask for a later wake-up/)
    for (const bad of [Number.NaN, Infinity]) {
      expect(() => other.advance(bad)).toThrow(TimerError)
      expect(() => other.wakeAt(bad, () => {})).toThrow(TimerError)
      expect(() => new VirtualClock(bad)).toThrow(TimerError)
    }
  })
})
