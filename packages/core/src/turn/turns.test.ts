import { VirtualLoop } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { LoopWheel } from './loop-wheel.ts'
import type { TurnTaker } from './turn-taker.ts'
import { Turns } from './turns.ts'

/** What takes turns, and fails at one place. */
class Taker implements TurnTaker {
  isReady = false
  isDirty = false
  readonly #name: string
  readonly #heard: string[]
  readonly #fails: string

  constructor(name: string, heard: string[], fails = '') {
    this.#name = name
    this.#heard = heard
    this.#fails = fails
  }

  process(): void {
    this.#tell('process')
  }

  flush(): void {
    this.#tell('flush')
  }

  #tell(what: string): void {
    if (what === this.#fails) throw new Error(`${this.#name} fails`)
    this.#heard.push(`${this.#name} ${what}`)
  }
}

function scene(fails = '', drive: 'auto' | 'manual' = 'manual') {
  const loop = new VirtualLoop()
  const heard: string[] = []
  const turns = new Turns(new LoopWheel(loop), drive, {
    runnable: { process: () => {}, nextDeadline: () => 0 },
    driverFailed: () => {},
  })
  const takers = [new Taker('one', heard), new Taker('two', heard, fails), new Taker('three', heard)]
  return { loop, heard, turns, takers }
}

describe('a part that throws in its turn', () => {
  it.each(['process', 'flush'] as const)('in %s leaves the others their next one', async (where) => {
    const { loop, heard, turns, takers } = scene(where)
    for (const taker of takers) {
      turns.list(taker)
      if (where === 'flush') turns.dirty(taker)
    }
    let due = 0
    turns.deadline({ due: () => void due++ }).set(0)
    expect(() => turns.run(0)).toThrow('two fails')
    expect(turns.nextDeadline()).toBeLessThanOrEqual(0)
    turns.run(1)
    turns.run(2)
    for (const name of ['one', 'three'])
      expect(heard.filter((line) => line === `${name} ${where}`)).toHaveLength(1)
    await loop.settle()
    expect(due).toBe(1)
    expect(takers.map(({ isReady, isDirty }) => isReady || isDirty)).toEqual([false, false, false])
    // It can be listed again.
    turns.list(takers[1])
    if (where === 'process') expect(() => turns.run(3)).toThrow('two fails')
  })
})

/** What asks for its share of the turn, and takes its time of the loop. */
class Busy implements TurnTaker {
  isReady = false
  isDirty = false
  isUrgent = false
  readonly shares: number[] = []
  readonly crowded: boolean[] = []
  readonly #turns: Turns
  readonly #work: () => void

  constructor(turns: Turns, work: () => void) {
    this.#turns = turns
    this.#work = work
  }

  process(): void {
    const { rounds } = this.#turns
    this.crowded.push(rounds.isCrowded)
    this.shares.push(rounds.shareLeft('first'))
    this.#work()
  }

  flush(): void {}
}

describe('the time of a turn', () => {
  it('counts from its beginning by the clock of the loop, however old the time is that the program gives', async () => {
    const { loop, turns } = scene()
    await loop.advance(100)
    for (const now of [100, 95, 0, 116]) {
      const busy = new Busy(turns, () => {})
      turns.list(busy)
      turns.run(now)
      expect([now, busy.shares]).toEqual([now, [1]])
    }
  })

  it('is another one for a quiet turn than for the turn of the program before', async () => {
    const { loop, turns } = scene()
    const slow = new Busy(turns, () => loop.block(50))
    turns.list(slow)
    turns.run(loop.now())
    await loop.advance(100)
    const ending = new Busy(turns, () => {})
    ending.isUrgent = true
    turns.later(ending)
    await loop.settle()
    expect([ending.crowded, ending.shares]).toEqual([[false], [1]])
  })

  it('is not begun by what would not end in it, until the loop has come round', async () => {
    const { loop, turns } = scene('', 'auto')
    const crowded: boolean[] = []
    for (const [ms, isLast] of [[3], [3], [1, true], [7], [0, true], [0]] as const) {
      const busy = new Busy(turns, () => loop.block(ms))
      turns.event(busy)
      crowded.push(...busy.crowded)
      if (isLast) await loop.settle()
    }
    expect(crowded).toEqual([false, false, true, false, true, false])
  })
})
