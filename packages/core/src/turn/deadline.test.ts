import { Random, VirtualLoop } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { Deadline } from './deadline.ts'
import { LoopWheel } from './loop-wheel.ts'
import { Turns } from './turns.ts'

function setUp() {
  const loop = new VirtualLoop()
  const runnable = { process() {}, nextDeadline: () => 0 }
  const turns = new Turns(new LoopWheel(loop), 'auto', { runnable, driverFailed() {} })
  const came: number[] = []
  const deadline = turns.deadline({ due: (now) => void came.push(now) })
  return { loop, turns, came, deadline }
}

describe('a deadline', () => {
  it('comes at its time, once, and knows before that it will', async () => {
    const { loop, came, deadline } = setUp()
    expect([deadline.isSet, deadline.at]).toEqual([false, Number.POSITIVE_INFINITY])
    deadline.set(10)
    expect([deadline.isSet, deadline.at]).toEqual([true, 10])
    await loop.advance(9)
    expect(came).toEqual([])
    await loop.advance(100)
    expect(came).toEqual([10])
    expect([deadline.isSet, deadline.at]).toEqual([false, Number.POSITIVE_INFINITY])
  })

  it('comes when it was set to last, earlier or later', async () => {
    const { loop, came, deadline } = setUp()
    for (const at of [50, 20, 80, 60]) deadline.set(at)
    await loop.advance(59)
    expect(came).toEqual([])
    await loop.advance(1)
    expect(came).toEqual([60])
    await loop.advance(1000)
    expect(came).toEqual([60])
  })

  it('does not come once it was cancelled or set to never', async () => {
    const { loop, came, deadline } = setUp()
    deadline.set(10)
    deadline.cancel()
    deadline.set(20)
    deadline.set(Number.POSITIVE_INFINITY)
    expect(deadline.isSet).toBe(false)
    await loop.advance(100)
    deadline.set(90)
    await loop.settle()
    expect(came).toEqual([100])
  })

  it('set again for now while it comes, waits for the next turn', async () => {
    const { loop, turns, came } = setUp()
    const again: Deadline = turns.deadline({
      due(now) {
        came.push(now)
        if (came.length < 3) again.setIn(0)
      },
    })
    again.set(5)
    turns.run(5)
    expect(came).toEqual([5])
    turns.run(5)
    expect(came).toEqual([5, 5])
    await loop.advance(10)
    expect(came).toHaveLength(3)
    expect(loop.timerCount).toBe(0)
  })

  it('asks the loop for a wake-up as early as the earliest, whatever order they are set in', async () => {
    const { loop, turns, came, deadline } = setUp()
    const others = [300, 7, 40].map((at) => {
      const other = turns.deadline({ due: (now) => void came.push(now) })
      other.set(at)
      return other
    })
    deadline.set(20)
    others[2].cancel()
    await loop.advance(1000)
    expect(came).toEqual([7, 20, 300])
  })
})

describe('a deadline by the watched time', () => {
  it.each([1, 2, 3])(
    'comes at its time, or later by the clock: never again at the same time (seed %i)',
    (seed) => {
      const random = new Random(seed)
      const fraction = () => random.next() + random.next() / 2 ** 32
      for (let count = 0; count < 20_000; count++) {
        const missedMs = random.integer(1, 100_000)
        const owner = {
          now: fraction() * 10 ** random.integer(4, 8) + missedMs,
          get watched() {
            return this.now - missedMs
          },
          isBehind: false,
          schedule() {},
          unscheduled() {},
          awaits() {},
          suspect() {},
          store() {},
        }
        let came = 0
        const deadline = new Deadline(owner, { due: () => void came++ })
        deadline.setIn(random.integer(1, 10_000) + fraction())
        owner.now = deadline.at
        deadline.come(owner.now)
        expect(came === 1 || deadline.at > owner.now, `now ${owner.now}, missed ${missedMs}`).toBe(true)
      }
    },
  )
})

describe('the time', () => {
  it("is one for a whole turn, and the loop's between turns", async () => {
    const { loop, turns } = setUp()
    const seen: number[] = []
    const deadline = turns.deadline({ due: () => void seen.push(turns.now) })
    deadline.set(1)
    await loop.advance(3)
    expect(turns.now).toBe(3)
    deadline.set(4)
    turns.run(1000)
    expect(seen).toEqual([1, 1000])
    expect(turns.now).toBe(3)
  })
})
