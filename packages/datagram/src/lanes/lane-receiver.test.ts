import { BlockPool } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gapCountMax } from './byte-runs.ts'
import { FrameEnds } from './frame-ends.ts'
import { LaneReceiver } from './lane-receiver.ts'

let pool: BlockPool
const ends = new FrameEnds(1000)
let lane: LaneReceiver

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  lane = new LaneReceiver(pool, ends, 5000)
})

afterEach(() => {
  lane.release()
  expect(pool.outstanding()).toEqual([])
})

function receive(offset: number, bytes: Uint8Array, from = 0, to = bytes.length): string {
  return lane.receive(offset, bytes, from, to)
}

/** Frames of message 1, with bodies of these sizes. */
function framesOf(...sizes: number[]): Uint8Array {
  const frames = sizes.map((size, index) => {
    const header = size < 128 ? [1, size] : [1, 0x80 | (size >> 8), size & 0xff]
    return [...header, ...new Uint8Array(size).fill(index + 1)]
  })
  return Uint8Array.from(frames.flat())
}

/** Where the body of the frame begins that was shown last. */
function bodyStart(): number {
  ends.read(lane.bytes, lane.from, lane.to)
  return ends.bodyStart
}

function shown(): number[] {
  const sizes: number[] = []
  while (lane.next()) {
    const body = lane.bytes.subarray(bodyStart(), lane.to)
    expect(lane.bytes[lane.from]).toBe(1)
    expect(new Set(body).size).toBeLessThanOrEqual(1)
    sizes.push(body.length)
  }
  return sizes
}

describe('a lane that is received', () => {
  it('shows whole frames in the packet itself, and takes no memory', () => {
    const packet = framesOf(5, 0, 200)
    expect(receive(0, packet)).toBe('')
    for (const size of [5, 0, 200]) {
      expect(lane.next()).toBe(true)
      expect(lane.bytes).toBe(packet)
      expect(lane.to - bodyStart()).toBe(size)
    }
    expect(lane.next()).toBe(false)
    lane.keep()
    expect(pool.statistics().takeCount).toBe(0)
    expect([lane.consumed, lane.weight]).toEqual([packet.length, 0])
  })

  it('holds no packet of which all was shown, nor one that it has kept', async () => {
    for (const how of ['shown', 'kept']) {
      const at = lane.consumed
      const packet = new WeakRef(framesOf(5, 6))
      receive(at, packet.deref()!)
      while (lane.next()) if (how === 'kept') lane.keep()
      // What a WeakRef has given out lives to the end of the job.
      await new Promise((resolve) => setImmediate(resolve))
      globalThis.gc?.()
      expect([how, packet.deref()]).toEqual([how, undefined])
    }
  })

  it('keeps what was not shown when the packet is used again', () => {
    const packet = framesOf(5, 6, 7)
    receive(0, packet)
    lane.next()
    lane.keep()
    packet.fill(0xff)
    expect(shown()).toEqual([6, 7])
  })

  it('goes on with a second part of a packet of which the first was not shown', () => {
    const all = framesOf(5, 6, 7, 8)
    receive(0, all, 0, 15)
    receive(15, all, 15, all.length)
    expect(shown()).toEqual([5, 6, 7, 8])
  })

  it('puts frames together that are cut anywhere', () => {
    const all = framesOf(0, 1, 127, 128, 1000, 3)
    for (let cut = 1; cut < all.length; cut++) {
      lane = new LaneReceiver(pool, ends, 5000)
      receive(0, all.slice(0, cut))
      const first = shown()
      receive(cut, all.slice(cut))
      expect([...first, ...shown()]).toEqual([0, 1, 127, 128, 1000, 3])
    }
  })

  it('drops what it has seen', () => {
    const all = framesOf(5, 6, 7)
    receive(0, all, 0, 10)
    expect(shown()).toEqual([5])
    expect(receive(0, all, 0, 10)).toBe('')
    expect(receive(0, all)).toBe('')
    expect(shown()).toEqual([6, 7])
    expect(receive(0, all)).toBe('')
    expect([shown(), lane.weight]).toEqual([[], 0])
  })

  it('takes bytes up to the window, and not one more', () => {
    const one = Uint8Array.of(1)
    expect(receive(4999, one)).toBe('')
    expect(receive(5000, one)).toContain('its window to 5000')
    expect(receive(4990, new Uint8Array(11))).toContain('up to 5001')
    lane.windowEnd = 5001
    expect(receive(5000, one)).toBe('')
  })

  it('never takes bytes behind 2^48', () => {
    lane.windowEnd = Number.MAX_SAFE_INTEGER
    expect(receive(2 ** 48 - 1, Uint8Array.of(1))).toBe('')
    expect(receive(2 ** 48 - 1, Uint8Array.of(1, 1))).toContain('281474976710657')
  })

  it('refuses a part without bytes', () => {
    expect(receive(0, new Uint8Array(0))).toContain('no bytes at 0')
  })

  it('withholds what would make too many gaps', () => {
    for (let gap = 1; gap <= gapCountMax; gap++) expect(receive(gap * 2, Uint8Array.of(1))).toBe('')
    expect(receive(4000, Uint8Array.of(1))).toBe('drop')
    expect(receive(0, Uint8Array.of(1, 0))).toBe('')
    expect(receive(4000, Uint8Array.of(1))).toBe('')
  })

  it.each(['in a packet', 'stored'])('ends for good with a frame that is too large (%s)', (how) => {
    const all = framesOf(5, 1001)
    if (how === 'stored') {
      receive(1, all, 1, all.length)
      receive(0, all, 0, 1)
    } else receive(0, all)
    expect(shown()).toEqual([5])
    expect(lane.violation).toContain('at 7 of a stream is larger than 1000 bytes')
    expect(lane.next()).toBe(false)
  })

  it.each([1, 2, 3, 4, 5, 6])('shows each frame once, in order, whatever comes (seed %i)', (seed) => {
    const random = new Random(seed)
    lane.windowEnd = 1_000_000
    const sizes = Array.from({ length: 300 }, () => random.integer(0, random.chance(0.1) ? 1000 : 60))
    const all = framesOf(...sizes.map((size) => size))
    const pieces: [number, number][] = []
    for (let at = 0; at < all.length; at = pieces.at(-1)![1])
      pieces.push([at, Math.min(all.length, at + random.integer(1, 400))])
    const came: number[] = []
    let first = 0
    const missing = new Set(pieces)
    for (let step = 0; missing.size > 0; step++) {
      expect(step).toBeLessThan(20_000)
      while (first < pieces.length - 1 && !missing.has(pieces[first])) first++
      const piece = pieces[Math.min(pieces.length - 1, first + random.integer(0, 12))]
      const from = Math.max(0, piece[0] - random.integer(0, 30))
      const bytes = all.slice(from, piece[1])
      if (receive(from, bytes) === '') missing.delete(piece)
      if (random.chance(0.6)) came.push(...shown())
      lane.keep()
      bytes.fill(0xff)
    }
    expect([...came, ...shown()]).toEqual(sizes)
    expect([lane.consumed, lane.weight]).toEqual([all.length, 0])
    expect(pool.outstanding()).toEqual([])
  })

  it.each([1, 2, 3, 4])(
    'shows with `extend` all whole frames that lie behind, and no other, seed %i',
    (seed) => {
      const random = new Random(seed)
      const sizes = Array.from({ length: 60 }, () => random.integer(0, 40))
      const all = framesOf(...sizes)
      const pieces = random.cut(all, 90)
      const heard: number[] = []
      let offset = 0
      for (const piece of pieces) {
        const bytes = piece.slice()
        expect(receive(offset, bytes)).toBe('')
        offset += bytes.length
        lane.windowEnd = offset + 5000
        let calls = 0
        while (lane.next()) {
          if (random.chance(0.7)) lane.extend()
          heard.push(...lane.bytes.subarray(lane.from, lane.to))
          calls++
        }
        expect(calls).toBeLessThanOrEqual(piece.length)
        lane.keep()
        bytes.fill(0xff)
        // Nothing whole is left behind.
        expect(lane.weight).toBeLessThan(45)
      }
      expect(heard).toEqual([...all])
      expect(lane.consumed).toBe(all.length)
    },
  )
})
