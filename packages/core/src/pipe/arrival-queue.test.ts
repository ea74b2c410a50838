import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { ArrivalQueue } from './arrival-queue.ts'
import { RandomBag } from './random-bag.ts'

describe('a queue of arrivals', () => {
  it('is a list from which anything can be taken (against a plain list)', () => {
    const random = new Random(9)
    const queue = new ArrivalQueue<object>()
    let plain: { readonly item: object; readonly ticket: number }[] = []
    for (let step = 0; step < 20_000; step++) {
      const what = random.integer(0, 9)
      if (what < 5) {
        const item = { step }
        plain.push({ item, ticket: queue.push(item) })
      } else if (what < 8 && plain.length > 0) {
        const { ticket } = random.pick(plain)
        queue.delete(ticket)
        queue.delete(ticket)
        plain = plain.filter((one) => one.ticket !== ticket)
      } else expect(queue.shift()).toBe(plain.shift()?.item)
      expect(queue.size).toBe(plain.length)
    }
  })
})

describe('a bag', () => {
  it('gives each of its items, and only those (against a plain set)', () => {
    const random = new Random(3)
    const bag = new RandomBag<number>()
    const plain = new Set<number>()
    for (let step = 0; step < 5000; step++) {
      const item = random.integer(0, 50)
      if (random.chance(0.5)) {
        bag.add(item)
        plain.add(item)
      } else {
        bag.delete(item)
        plain.delete(item)
      }
      expect(bag.size).toBe(plain.size)
      const picked = new Set(Array.from(plain, (_, index) => bag.pick((index + 0.5) / plain.size)))
      expect(picked).toEqual(plain)
    }
    expect(new RandomBag().pick(0.5)).toBeUndefined()
  })
})
