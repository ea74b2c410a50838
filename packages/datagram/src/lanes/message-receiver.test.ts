import { BlockPool } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gapCountMax } from './byte-runs.ts'
import { MessageReceiver, messageGapCountMax } from './message-receiver.ts'
import { MessageSender } from './message-sender.ts'
import { messageWindow } from './part-types.ts'

let pool: BlockPool
let messages: MessageReceiver

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  messages = new MessageReceiver(pool, 100_000)
})

afterEach(() => {
  messages.release()
  expect(pool.outstanding()).toEqual([])
})

const source = Uint8Array.from({ length: 2000 }, (_, at) => at)
const piece = (id: number, total: number, from: number, to: number): string =>
  messages.piece(id, total, from, source, from, to)

describe('unordered messages that are received', () => {
  it('are shown once each', () => {
    expect(messages.whole(1, 10)).toBe('new')
    expect(messages.whole(1, 10)).toBe('seen')
    expect(messages.whole(0, 10)).toBe('new')
    expect(messages.whole(0, 10)).toBe('seen')
    expect(messages.whole(1, 10)).toBe('seen')
    expect(piece(1, 10, 0, 5)).toBe('')
    expect([messages.completed, messages.weight]).toEqual([undefined, 0])
  })

  it('come together from pieces in any order', () => {
    expect(piece(0, 10, 6, 10)).toBe('')
    expect(piece(0, 10, 2, 7)).toBe('')
    expect(messages.completed).toBe(undefined)
    expect(piece(0, 10, 0, 3)).toBe('')
    const { bytes, from, to } = messages.completed!.place
    expect([...bytes.subarray(from, to)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(messages.whole(0, 10)).toBe('seen')
    messages.completed!.release()
  })

  it('come whole after a piece', () => {
    piece(0, 10, 5, 10)
    expect(messages.whole(0, 10)).toBe('new')
    expect(messages.weight).toBe(0)
    expect(piece(0, 10, 0, 5)).toBe('')
    expect(messages.completed).toBe(undefined)
  })

  it('lie about their size', () => {
    piece(0, 10, 5, 10)
    expect(piece(0, 11, 0, 5)).toContain('had 10 bytes, and now has 11')
    expect(messages.whole(0, 9)).toContain('had 10 bytes, and now has 9')
  })

  it('are refused when they are too far ahead', () => {
    expect(messages.whole(messageWindow - 1, 1)).toBe('new')
    expect(messages.whole(messageWindow, 1)).toContain('1024 or more ahead of 0')
    expect(piece(messageWindow, 10, 0, 1)).toContain('1024 or more ahead of 0')
    expect(messages.whole(0, 1)).toBe('new')
    expect(messages.whole(messageWindow, 1)).toBe('new')
    expect(messages.whole(messageWindow + 1, 1)).toContain('ahead of 1')
    expect(messages.whole(2 ** 29, 1)).toContain('ahead')
    expect(messages.whole(2 ** 30 - 1, 1)).toBe('seen')
    expect(messages.whole(2 ** 29 + 1, 1)).toBe('seen')
  })

  it('take the window when they begin', () => {
    messages.windowEnd = 30
    expect(piece(0, 20, 0, 1)).toBe('')
    expect(messages.whole(1, 10)).toBe('new')
    expect(messages.whole(2, 1)).toContain('take 31 bytes, their window ends at 30')
    expect(piece(3, 1, 0, 1)).toContain('take 31 bytes')
    expect(piece(0, 20, 1, 20)).toBe('')
    messages.completed!.release()
  })

  it('take memory for what came, not for what they announce', () => {
    for (let id = 0; id < 20; id++) piece(id, 5000, 0, 1)
    expect(messages.weight).toBeLessThan(20 * 300)
    expect(pool.statistics().liveBytes).toBe(20 * 64)
  })

  it('withhold a piece that would make too many gaps', () => {
    for (let gap = 1; gap <= gapCountMax; gap++) expect(piece(0, 1000, gap * 2, gap * 2 + 1)).toBe('')
    expect(piece(0, 1000, 900, 901)).toBe('drop')
    expect(piece(0, 1000, 0, 2)).toBe('')
    expect(piece(0, 1000, 900, 901)).toBe('')
  })

  it('have so many gaps together, and no more', () => {
    for (let gap = 0; gap < messageGapCountMax; gap++) {
      const id = Math.floor(gap / gapCountMax)
      const at = 2 + (gap % gapCountMax) * 2
      expect(piece(id, 200, at, at + 1)).toBe('')
    }
    expect(piece(500, 200, 2, 3)).toBe('drop')
    expect(piece(500, 200, 0, 3)).toBe('')
    expect(piece(500, 200, 4, 5)).toBe('drop')
    expect(messages.whole(3, 200)).toBe('new')
    for (let count = 0; count < gapCountMax; count++)
      expect(piece(501, 200, 2 + count * 2, 3 + count * 2)).toBe('')
    expect(piece(500, 200, 4, 5)).toBe('drop')
    expect(piece(501, 200, 0, 2)).toBe('')
    expect(piece(500, 200, 4, 5)).toBe('')
  })

  it.each([1, 2, 3])('go on when the ids wrap (seed %i)', (seed) => {
    const random = new Random(seed)
    const firstId = 2 ** 30 - 500 + seed
    messages = new MessageReceiver(pool, 1e9, firstId)
    const sender = new MessageSender(pool, 1200, firstId)
    const packet = new Uint8Array(8)
    const flying: number[][] = []
    let shown = 0
    for (let step = 0; shown < 3000; step++) {
      expect(step).toBeLessThan(50_000)
      sender.write(packet, 0, 3)
      const contents: number[] = []
      if (sender.fillWhole(packet, 0, 8, contents, 1e9) > 0) flying.push(contents)
      if (flying.length === 0) continue
      const [[, id, name]] = flying.splice(random.integer(0, Math.min(300, flying.length - 1)), 1)
      if (random.chance(0.3)) sender.lost(id, name)
      else {
        const answer = messages.whole(id & (2 ** 30 - 1), 3)
        expect(['new', 'seen']).toContain(answer)
        if (answer === 'new') shown++
        if (random.chance(0.8)) sender.acked(id, name)
        else sender.lost(id, name)
      }
    }
    sender.release()
  })
})
