import { describe, expect, it } from 'vitest'
import { Random } from '../base/random.ts'
import { Agenda } from './agenda.ts'
import { EventLoop } from './event-loop.ts'
import { VirtualTime } from './virtual-time.ts'

describe('Agenda', () => {
  it.each([1, 2, 3])('gives out what is due by time, then by order of asking: seed %i', (seed) => {
    const random = new Random(seed)
    const agenda = new Agenda()
    const wanted: [atMs: number, index: number][] = []
    const seen: [atMs: number, index: number][] = []
    for (let index = 0; index < 500; index++) {
      const atMs = random.integer(0, 50)
      const isCancelled = random.chance(0.2)
      if (!isCancelled) wanted.push([atMs, index])
      agenda.add({ atMs, order: 0, isCancelled, due: () => void seen.push([atMs, index]) })
      if (random.chance(0.1)) agenda.reorder(() => {})
    }
    wanted.sort(([a, i], [b, j]) => a - b || i - j)
    for (let entry = agenda.take(50); entry !== undefined; entry = agenda.take(50)) entry.due()
    expect(seen).toEqual(wanted)
    expect(agenda.nextAt()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('VirtualTime', () => {
  it('runs the phases of each loop in the order of Node, and ends of turns between them', async () => {
    const time = new VirtualTime()
    const loop = new EventLoop(time)
    const seen: string[] = []
    loop.eventAt(5, () => seen.push('event'))
    loop.timerAt(5, () => {
      seen.push('timer')
      loop.nextTurn(() => seen.push('next'))
      loop.endOfTurn(() => seen.push('end'))
      void Promise.resolve().then(() => loop.endOfTurn(() => seen.push('end of a promise')))
    })
    await time.advance(4)
    expect(seen).toEqual([])
    await time.advance(1)
    expect(seen).toEqual(['timer', 'end', 'end of a promise', 'event', 'next'])
  })

  it('lets a long chain of promises settle before time goes on', async () => {
    const time = new VirtualTime()
    const loop = new EventLoop(time)
    let settledAt = -1
    loop.timerAt(1, async () => {
      for (let count = 0; count < 1000; count++) await undefined
      process.nextTick(() => void Promise.resolve().then(() => (settledAt = time.now())))
    })
    loop.timerAt(1.001, () => {})
    await time.advance(10)
    expect(settledAt).toBe(1)
  })

  it('keeps what a frozen loop has to do, and runs it when it thaws', async () => {
    const time = new VirtualTime()
    const [loop, other] = [new EventLoop(time), new EventLoop(time)]
    const seen: string[] = []
    loop.eventAt(1, () => seen.push(`event at ${time.now()}`))
    loop.timerAt(2, () => seen.push(`timer at ${time.now()}`))
    other.timerAt(2, () => seen.push(`other at ${time.now()}`))
    loop.freeze('on')
    await time.advance(5)
    loop.freeze('off')
    await time.settle()
    expect(seen).toEqual(['other at 2', 'timer at 5', 'event at 5'])
  })

  it('hastens timers, and events not', async () => {
    const time = new VirtualTime()
    const loop = new EventLoop(time)
    const seen: string[] = []
    loop.timerAt(100, () => seen.push(`timer at ${time.now()}`))
    loop.timerAt(200, () => seen.push('cancelled')).cancel()
    loop.eventAt(50, () => seen.push(`event at ${time.now()}`))
    loop.hasten(90)
    expect(loop.timerCount).toBe(1)
    await time.advance(60)
    expect(seen).toEqual(['timer at 10', 'event at 50'])
    expect(loop.timerCount).toBe(0)
  })

  it('drops all of a closed loop, now and later', async () => {
    const time = new VirtualTime()
    const loop = new EventLoop(time)
    const run = () => expect.unreachable()
    loop.timerAt(1, run)
    loop.eventAt(0, run)
    loop.nextTurn(run)
    loop.endOfTurn(run)
    loop.close()
    loop.timerAt(1, run).cancel()
    loop.eventAt(1, run)
    loop.nextTurn(run)
    loop.endOfTurn(run)
    await time.advance(10)
    expect(loop.timerCount).toBe(0)
  })

  it('names a circle at one instant, also of the network alone', async () => {
    const time = new VirtualTime()
    const circle = () => void time.at(time.now(), circle)
    circle()
    await expect(time.advance(1)).rejects.toThrowError(expect.objectContaining({ code: 'no-rest' }))
    const calm = new VirtualTime()
    const often = () => void calm.at(calm.now() + 0.001, often)
    often()
    await calm.advance(1000)
    expect(calm.now()).toBe(1000)
  })

  it('goes on after a piece that throws', async () => {
    const time = new VirtualTime()
    const [loop, other] = [new EventLoop(time), new EventLoop(time)]
    const seen: string[] = []
    loop.timerAt(1, () => {
      throw new Error('one')
    })
    loop.timerAt(1, () => seen.push('two'))
    other.timerAt(1, () => seen.push('three'))
    await expect(time.advance(5)).rejects.toThrow('one')
    await time.advance(5)
    expect(seen.sort()).toEqual(['three', 'two'])
  })

  it('answers as a promise does, or says how long it waited', async () => {
    const time = new VirtualTime()
    const loop = new EventLoop(time)
    const later = new Promise((resolve) => loop.timerAt(30, () => resolve('done')))
    expect(await time.until(later, 100)).toBe('done')
    expect(time.now()).toBe(30)
    await expect(time.until(new Promise(() => {}), 100)).rejects.toThrow(
      'still waiting at 30 ms, for at most 100 ms; nothing more is due',
    )
    await expect(time.until(Promise.reject(new Error('no')), 100)).rejects.toThrow('no')
  })
})
