import { BlockPool } from '@millrace/buffer'
import { writeVarint } from '@millrace/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { incompleteBytesMax, incompleteCountMax, incompleteMs } from './incomplete-frames.ts'
import { isAhead, LatestSequences } from './latest-sequences.ts'
import { writePieceHeader } from './lossy-piece.ts'
import { LossyReceiver } from './lossy-receiver.ts'
import { PartCursor } from './part-cursor.ts'
import { partType, sequencedMask, sequenceMask } from './part-types.ts'

const { unreliable, sequenced, newest } = partType

let pool: BlockPool
let frames: LossyReceiver

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  frames = new LossyReceiver(pool)
})

afterEach(() => {
  frames.release()
  expect(pool.outstanding()).toEqual([])
})

const whole = (type: number, sequence: number, number = 5): string =>
  frames.whole(type, sequence, Uint8Array.of(9, number, 1, 0), 1, 4)

/** A piece of `size` bytes, of a frame that begins with its number. */
function piece(
  type: number,
  number: number,
  id: number,
  total: number,
  offset: number,
  size: number,
  now = 0,
): string {
  const bytes = new Uint8Array(40 + size).fill(number)
  const start = writePieceHeader(bytes, 0, type, number, id)
  const end = writeVarint(bytes, writeVarint(bytes, writeVarint(bytes, start, total), offset), size)
  const cursor = new PartCursor()
  cursor.begin(bytes, new DataView(bytes.buffer), 1, end + size)
  return frames.piece(cursor, bytes, now)
}

/** Shows the frame that came together, and whether it is to be. */
function take(): string {
  const frame = frames.completed!
  const answer = frames.takeCompleted(frame)
  frames.remove(frame)
  return answer
}

describe('what is newer', () => {
  it.each([
    [1, 0, sequencedMask, true],
    [0, 0, sequencedMask, false],
    [0, 1, sequencedMask, false],
    [0, 65_535, sequencedMask, true],
    [32_767, 0, sequencedMask, true],
    [32_768, 0, sequencedMask, false],
    [0, 2 ** 30 - 1, sequenceMask, true],
    [2 ** 29 - 1, 0, sequenceMask, true],
    [2 ** 29, 0, sequenceMask, false],
  ])('%i after %i within %i: %j', (sequence, other, mask, expected) => {
    expect(isAhead(sequence, other, mask)).toBe(expected)
  })

  it('is remembered for each number by itself', () => {
    const latest = new LatestSequences(sequencedMask)
    latest.take(3, 100)
    latest.take(16_383, 7)
    expect([latest.isNewer(3, 100), latest.isNewer(3, 101), latest.isNewer(4, 0)]).toEqual([
      false,
      true,
      true,
    ])
    expect([latest.latest(3), latest.latest(16_383), latest.latest(9000)]).toEqual([100, 7, -1])
  })
})

describe.each([
  ['sequenced', sequenced],
  ['newest', newest],
])('%s frames that are received', (_name, type) => {
  it('never go back', () => {
    expect([5, 4, 5, 6, 3, 7].map((sequence) => whole(type, sequence))).toEqual([
      'new',
      'old',
      'old',
      'new',
      'old',
      'new',
    ])
    expect(whole(type, 0, 6)).toBe('new')
  })

  it('must have a number', () => {
    expect(frames.whole(type, 0, Uint8Array.of(0x82, 4, 1, 1, 1, 1), 0, 6)).toContain(
      'code 130 is no message',
    )
    expect(frames.whole(type, 0, Uint8Array.of(0x90, 4, 0xc0, 0, 0, 64), 0, 6)).toContain('up to 16383')
    expect(piece(type, 16_384, 0, 10, 0, 5)).toContain('16384 is above 16383')
  })

  it('come together from pieces, and make older ones stale', () => {
    expect(piece(type, 5, 1, 10, 5, 5)).toBe('')
    expect(piece(type, 5, 2, 10, 0, 5)).toBe('')
    expect(piece(type, 5, 2, 10, 5, 5)).toBe('')
    expect(take()).toBe('new')
    expect(frames.weight).toBe(0)
    expect(piece(type, 5, 1, 10, 0, 5)).toBe('')
    expect([frames.completed, frames.weight]).toEqual([undefined, 0])
  })

  it('come whole while an older or the same one is in pieces', () => {
    piece(type, 5, 1, 10, 5, 5)
    piece(type, 6, 9, 10, 5, 5)
    expect(whole(type, 1)).toBe('new')
    expect(frames.weight).toBeLessThan(600)
    expect(whole(type, 10, 6)).toBe('new')
    expect(frames.weight).toBe(0)
  })

  it('lie about what they are', () => {
    expect(piece(type, 5, 1, 10, 5, 5)).toBe('')
    expect(piece(type, 5, 1, 11, 0, 5)).toContain('sequence 1 had 10 bytes, and now has 11')
    expect(piece(type, 5, 2, 5, 0, 6)).toContain('ends at 6, its frame at 5')
    expect(piece(type, 5, 2, 0, 0, 0)).toContain('no bytes')
    expect(piece(type, 5, 2, incompleteBytesMax + 1, 0, 6)).toContain('above the limit of 262144')
    expect(piece(0x20, 5, 2, 10, 0, 6)).toContain('part type 32')
    expect(piece(0x25, 5, 2, 10, 0, 6)).toContain('part type 37')
  })
})

describe('frames in pieces', () => {
  it('make a frame of another number', () => {
    piece(newest, 5, 1, 10, 0, 10)
    frames.completed!.place.bytes[frames.completed!.place.from] = 6
    expect(take()).toContain('pieces of message 5')
  })

  it('of sequenced messages have sequences of 16 bits', () => {
    expect(piece(sequenced, 5, 65_536, 10, 0, 5)).toContain('65536')
    expect(piece(newest, 5, 65_536, 10, 0, 5)).toBe('')
  })

  it('give their place to newer ones, if they may be lost', () => {
    for (let id = 0; id < incompleteCountMax; id++) expect(piece(unreliable, 0, id, 10, 0, 5, id)).toBe('')
    expect(frames.dropped).toBe(0)
    piece(unreliable, 0, 100, 10, 0, 5, 50)
    expect(frames.dropped).toBe(1)
    piece(unreliable, 0, 1, 10, 5, 5)
    expect(take()).toBe('new')
    piece(unreliable, 0, 101, incompleteBytesMax - 60, 0, 5, 60)
    expect(frames.dropped).toBe(2)
    piece(unreliable, 0, 102, incompleteBytesMax, 0, 5, 60)
    expect(frames.dropped).toBe(9)
  })

  it('are given up after their time, if they may be lost', () => {
    piece(unreliable, 0, 1, 10, 0, 5, 100)
    piece(newest, 5, 1, 10, 0, 5, 0)
    expect(frames.deadline).toBe(100 + incompleteMs)
    frames.expire(99 + incompleteMs)
    expect(frames.dropped).toBe(0)
    frames.expire(100 + incompleteMs)
    expect([frames.dropped, frames.deadline]).toEqual([1, Number.POSITIVE_INFINITY])
    frames.expire(1e9)
    piece(newest, 5, 1, 10, 5, 5, 1e9)
    expect(take()).toBe('new')
  })

  it('that are certain are refused when there is no place, and never dropped', () => {
    for (let number = 1; number <= incompleteCountMax; number++)
      expect(piece(newest, number, 0, 10, 0, 5)).toBe('')
    expect(piece(newest, 100, 0, 10, 0, 5)).toBe('drop')
    expect(piece(newest, 8, 1, 10, 0, 5)).toBe('')
    expect(piece(newest, 8, 0, 10, 5, 5)).toBe('')
    expect(frames.completed).toBe(undefined)
    expect(piece(newest, 1, 0, 10, 5, 5)).toBe('')
    expect(take()).toBe('new')
    expect(piece(newest, 100, 0, incompleteBytesMax - 70, 0, 5)).toBe('')
    expect(piece(newest, 3, 1, 20, 0, 5)).toBe('drop')
    expect(frames.dropped).toBe(0)
  })

  it('take memory for what came, not for what they announce', () => {
    piece(unreliable, 0, 1, incompleteBytesMax, 0, 5)
    piece(newest, 5, 1, incompleteBytesMax, 0, 5)
    expect(frames.weight).toBeLessThan(600)
    expect(pool.statistics().liveBytes).toBe(128)
  })

  it('are given up at the very time that was told, whatever fractions it has', () => {
    for (let count = 0; count < 500; count++) {
      const now = 1995 + count * 0.1234567
      piece(unreliable, 0, count, 100, 0, 10, now)
      frames.expire(frames.deadline)
      expect(frames.deadline, String(now)).toBe(Number.POSITIVE_INFINITY)
    }
  })
})
