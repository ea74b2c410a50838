import { describe, expect, it } from 'vitest'
import { Pacer } from './pacer.ts'

describe('Pacer', () => {
  it('lets the first burst go, then what the rate fills', () => {
    const pacer = new Pacer(1_200, 1_000, 12_000)
    expect(pacer.available(0)).toBe(12_000)
    for (let count = 0; count < 10; count++) pacer.take(1_200, 0)
    expect(pacer.available(0)).toBe(0)
    expect(pacer.wait()).toBe(1.2)
    expect(pacer.available(1.2)).toBe(1_200)
  })

  it('lets a full packet go while there is a token, and owes the rest', () => {
    const pacer = new Pacer(1_200, 100, 100)
    expect(pacer.available(0)).toBe(1_200)
    pacer.take(1_200, 0)
    expect(pacer.available(10.9)).toBe(0)
    expect(pacer.available(11)).toBe(0)
    expect(pacer.available(11.1)).toBe(1_200)
  })

  it('holds two packets of a slow path, and four milliseconds of a fast one, to make up for a late timer', () => {
    const slow = new Pacer(1_200, 10, 0)
    slow.available(0)
    expect(slow.available(100_000)).toBe(2_400)
    const fast = new Pacer(1_200, 2_500, 0)
    fast.available(0)
    expect(fast.available(3.9)).toBe(9_750)
    expect(fast.available(5)).toBe(10_000)
  })

  it('makes up for 25 ms of a sender that waited and is woken late, and for nothing after a standstill', () => {
    const late = new Pacer(1_200, 2_500, 1_200)
    late.take(1_200, 0)
    expect(late.available(0)).toBe(0)
    late.wait()
    expect(late.available(16)).toBe(40_000)
    late.take(40_000, 16)
    late.wait()
    expect(late.available(150)).toBe(62_500)
    late.take(62_500, 150)
    late.wait()
    expect(late.available(300)).toBe(10_000)
  })

  it('makes up for nothing to one that has rested, waited for its window, or only asked how much could leave', () => {
    const pacer = new Pacer(1_200, 2_500, 1_200)
    pacer.take(1_200, 0)
    expect(pacer.available(0)).toBe(0)
    expect(pacer.available(16)).toBe(10_000)
    // It waits while there are tokens: not for them.
    pacer.wait()
    pacer.take(10_000, 16)
    expect(pacer.available(32)).toBe(10_000)
  })

  it('is worth asking when a millisecond of the rate is there, or one packet of a slow path', () => {
    const fast = new Pacer(1_200, 5_000, 1)
    fast.take(1, 0)
    expect(fast.wait()).toBe(1)
    const slow = new Pacer(1_200, 10, 1)
    slow.take(1, 0)
    expect(slow.wait()).toBe(120)
  })

  it('keeps the long run at the rate when it is always asked late', () => {
    const pacer = new Pacer(1_200, 2_500, 0)
    let sent = 0
    for (let now = 0; now < 10_000; now = Math.max(now + 0.1, pacer.wait() + 2.5)) {
      for (; pacer.available(now) > 0; sent += 1_200) pacer.take(1_200, now)
    }
    expect(sent / 10_000).toBeGreaterThan(2_450)
    expect(sent / 10_000).toBeLessThan(2_502)
  })

  it('fills at another rate from when it is set, and begins anew on another path', () => {
    const pacer = new Pacer(1_200, 100, 100)
    pacer.take(1_000, 0)
    pacer.setRate(10, 5)
    expect(pacer.available(5)).toBe(0)
    expect(pacer.available(45)).toBe(0)
    expect(pacer.available(46)).toBe(1_200)
    pacer.restart(1_000, 6_000, 6)
    expect([pacer.rate, pacer.available(6)]).toEqual([1_000, 6_000])
    pacer.setMtu(1_400)
    pacer.take(5_999, 6)
    expect(pacer.available(6)).toBe(1_400)
  })
})
