import { VirtualLoop } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Deadline } from './deadline.ts'
import { LoopWheel } from './loop-wheel.ts'
import { Turns } from './turns.ts'

/** A loop with a clock that went on while the program stood still: its wake-ups come when it is advanced. */
class StalledLoop extends VirtualLoop {
  stalledMs = 0

  override now(): number {
    return super.now() + this.stalledMs
  }
}

function setUp() {
  const loop = new StalledLoop()
  const wheel = new LoopWheel(loop)
  const came: string[] = []
  const pipe = (drive: 'auto' | 'manual') =>
    new Turns(wheel, drive, { runnable: { process() {}, nextDeadline: () => 0 }, driverFailed() {} })
  const deadline = (turns: Turns, name: string, act = () => {}) =>
    turns.deadline({
      due(now) {
        came.push(`${name} at ${now}${turns.isQuiet ? ' quietly' : ''}`)
        act()
      },
    })
  return { loop, wheel, came, pipe, deadline }
}

describe('the wheel of a loop', () => {
  it('needs one wake-up for all pipes, and none when nothing waits', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const all = Array.from({ length: 50 }, (_, index) => {
      const turns = pipe('auto')
      const one = deadline(turns, `${index}`)
      one.set(100 - index)
      return { turns, one }
    })
    expect(loop.timerCount).toBe(1)
    for (const { turns, one } of all.splice(0, 49)) {
      one.cancel()
      turns.close()
    }
    await loop.advance(1000)
    expect(came).toEqual(['49 at 51'])
    all[0].one.set(2000)
    all[0].one.cancel()
    all[0].turns.close()
    expect(loop.timerCount).toBe(0)
  })

  it('gives each pipe one turn for all that is due at once, in order', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const [one, other] = [pipe('auto'), pipe('auto')]
    deadline(one, 'a').set(10)
    deadline(other, 'b').set(10)
    deadline(one, 'c').set(9.5)
    await loop.stall(20)
    expect(came).toEqual(['a at 20', 'c at 20', 'b at 20'])
    expect([one.count, other.count]).toEqual([1, 1])
  })

  it('runs no deadlines of another pipe in the turn of one', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const [one, other] = [pipe('manual'), pipe('manual')]
    deadline(one, 'one').set(10)
    deadline(other, 'other').set(10)
    await loop.advance(9)
    loop.stalledMs = 5
    one.run(14)
    expect(came).toEqual([])
    await loop.settle()
    expect(came).toEqual(['one at 14 quietly', 'other at 14 quietly'])
  })

  it('lets a turn ahead of the clock see its own deadlines, and the others theirs in time', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const [one, other] = [pipe('manual'), pipe('auto')]
    deadline(one, 'late').set(400)
    deadline(one, 'early').set(30)
    deadline(one, 'too far').set(501)
    const moved = deadline(one, 'moved')
    moved.set(50)
    moved.set(600)
    deadline(other, 'other').set(100)
    one.run(500)
    expect(came).toEqual(['early at 500', 'late at 500'])
    await loop.advance(100)
    expect(came.splice(0)).toEqual(['early at 500', 'late at 500', 'other at 100'])
    await loop.advance(1000)
    expect(came).toEqual(['too far at 501 quietly', 'moved at 600 quietly'])
  })

  it('waits for the clock with a turn that lags behind', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const [one, other] = [pipe('manual'), pipe('manual')]
    await loop.advance(50)
    deadline(one, 'a').set(60)
    loop.stalledMs = 20
    other.run(70)
    one.run(55)
    expect(came).toEqual([])
    one.run(65)
    await loop.settle()
    expect(came).toEqual(['a at 70 quietly'])
    await loop.advance(100)
    expect(came).toEqual(['a at 70 quietly'])
  })

  it('gives the others their turn when one of them throws', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const names = ['a', 'b', 'c']
    for (const name of names) {
      const turns = pipe('auto')
      const fail = () => {
        if (name !== 'c') throw new Error(name)
      }
      deadline(turns, name, fail).set(10)
      deadline(turns, `${name} too`).set(10)
    }
    const errors: unknown[] = []
    for (let round = 0; round < 5; round++)
      await loop.advance(10).catch((error: Error) => errors.push(error.message))
    expect(errors).toEqual(['a', 'b'])
    expect(came.map((text) => text.split(' at')[0]).sort()).toEqual([
      'a',
      'a too',
      'b',
      'b too',
      'c',
      'c too',
    ])
  })

  it('lets the loop look once more when the time is over in the middle of its events', async () => {
    const { loop, came, pipe, deadline } = setUp()
    const turns = pipe('auto')
    const late = deadline(turns, 'late')
    late.set(40)
    loop.eventAt(10, () => {
      loop.block(50)
      turns.run(loop.now())
    })
    loop.eventAt(30, () => late.cancel())
    await loop.advance(200)
    expect(came).toEqual([])
  })

  it('counts little of each stall, also while it has but one deadline, which is overdue by the clock', async () => {
    const { loop, came, pipe, deadline } = setUp()
    deadline(pipe('auto'), 'late').setIn(1000)
    for (const [atMs, stallMs] of [
      [5, 2000],
      [6, 4000],
      [7, 8000],
    ])
      loop.eventAt(atMs, () => loop.block(stallMs))
    await loop.advance(14_005 + 500)
    expect(came).toEqual([])
    await loop.advance(500)
    expect(came).toHaveLength(1)
    expect(loop.timerCount).toBe(0)
  })

  it('comes to rest when two pipes set deadlines for now, for ever', async () => {
    const { loop, pipe, deadline } = setUp()
    let left = 2000
    const again = (one: () => Deadline) => () => {
      if (left-- > 0) one().setIn(0)
    }
    const a: Deadline = deadline(
      pipe('auto'),
      'a',
      again(() => b),
    )
    const b: Deadline = deadline(
      pipe('auto'),
      'b',
      again(() => a),
    )
    a.set(1)
    await loop.advance(5)
    expect(left).toBe(-1)
  })
})
