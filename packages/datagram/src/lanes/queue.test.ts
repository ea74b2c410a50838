import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { Queue } from './queue.ts'

describe('a queue', () => {
  it.each([1, 2, 3])('gives what came first, or was put to the front (seed %i)', (seed) => {
    const random = new Random(seed)
    const queue = new Queue<number>()
    const list: number[] = []
    for (let step = 0; step < 2000; step++) {
      const kind = random.next()
      if (kind < 0.4) {
        queue.push(step)
        list.push(step)
      } else if (kind < 0.55) {
        queue.pushFront(step)
        list.unshift(step)
      } else if (kind < 0.6) queue.rest()
      else expect(queue.shift()).toBe(list.shift())
      expect(queue.peek()).toBe(list[0])
      expect(queue.count).toBe(list.length)
    }
  })
})
