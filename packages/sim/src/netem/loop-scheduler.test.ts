import { describe, expect, it } from 'vitest'
import { VirtualLoop } from '../time/virtual-loop.ts'
import { LoopScheduler } from './loop-scheduler.ts'

describe('what is due in the time of a loop', () => {
  it('comes in order of time, then of asking, and never inside the call that asks', async () => {
    const loop = new VirtualLoop()
    const scheduler = new LoopScheduler(loop)
    const came: string[] = []
    const note = (what: string) => () => void came.push(`${what} ${scheduler.now()}`)
    scheduler.at(30, note('late'))
    scheduler.at(10, note('early'))
    scheduler.at(10, note('behind'))
    scheduler.at(-5, note('past'))
    scheduler.at(20, note('never')).cancel()
    expect(came).toEqual([])
    await loop.advance(0)
    expect(came).toEqual(['past 0'])
    await loop.advance(100)
    expect(came).toEqual(['past 0', 'early 10', 'behind 10', 'late 30'])
  })

  it('goes on behind one that throws', async () => {
    const loop = new VirtualLoop()
    const scheduler = new LoopScheduler(loop)
    let hasCome = false
    scheduler.at(10, () => {
      throw new Error('planted')
    })
    scheduler.at(10, () => {
      hasCome = true
    })
    await expect(loop.advance(10)).rejects.toThrow('planted')
    await loop.advance(10)
    expect(hasCome).toBe(true)
  })

  it('lets the loop look for events when something asks for itself again and again', async () => {
    const turns: (() => void)[] = []
    const scheduler = new LoopScheduler({
      now: () => 5,
      wakeAt: () => ({ cancel() {} }),
      endOfTurn: () => {},
      nextTurn: (run) => void turns.push(run),
    })
    let count = 0
    const again = () => {
      count++
      scheduler.at(0, again)
    }
    again()
    for (let turn = 1; turn < 4; turn++) {
      turns.shift()?.()
      expect(count).toBe(1 + 1000 * turn)
      expect(turns.length).toBe(1)
    }
  })
})
