import { BlockPool } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PacketContents } from '../base/packet-contents.ts'
import { readU48 } from '../base/u48.ts'
import { LaneSender } from './lane-sender.ts'

const packet = new Uint8Array(1200)
const view = new DataView(packet.buffer)
const unlimited = Number.POSITIVE_INFINITY

let pool: BlockPool
let lane: LaneSender

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  lane = new LaneSender(pool, 5)
})

afterEach(() => {
  lane.release()
  expect(pool.outstanding()).toEqual([])
})

const write = (size: number): void => {
  const bytes = Uint8Array.from({ length: size + 2 }, (_, index) => lane.written + index - 1)
  lane.write(bytes, 1, size + 1)
}

/** What one part says: offset and bytes; undefined if there is none. */
function fill(
  end = packet.length,
  newBytesMax = unlimited,
): { from: number; to: number; end: number } | undefined {
  const contents: PacketContents = []
  const filled = lane.fill(packet, view, 10, end, contents, newBytesMax)
  if (filled === 10) return undefined
  const [what, from, to] = contents
  expect([what, packet[10], readU48(view, 11)]).toEqual([5, 0x15, from])
  expect(packet.subarray(filled - (to - from), filled)).toEqual(
    Uint8Array.from({ length: to - from }, (_, index) => from + index),
  )
  return { from, to, end: filled }
}

describe('a lane that is sent', () => {
  it('leaves in the order it was written, as far as the packet has room', () => {
    write(1000)
    expect(fill(210)).toEqual({ from: 0, to: 191, end: 210 })
    expect(fill(210)).toEqual({ from: 191, to: 382, end: 210 })
    expect(fill()).toEqual({ from: 382, to: 1000, end: 10 + 9 + 618 })
    expect(fill()).toBe(undefined)
    expect([lane.pending(), lane.unacked()]).toEqual([0, 1000])
  })

  it('fits into what is just large enough, and not into a byte less', () => {
    write(10)
    expect(fill(10 + 8 + 9)).toBe(undefined)
    expect(fill(10 + 8 + 10)).toEqual({ from: 0, to: 10, end: 28 })
    write(200)
    expect(fill(10 + 8 + 15)).toBe(undefined)
    expect(fill(10)).toBe(undefined)
    expect(fill(12)).toBe(undefined)
    expect(fill(10 + 8 + 16)?.to).toBe(26)
  })

  it('keeps to the window, but sends again what is lost', () => {
    write(100)
    expect(lane.sendable(30)).toBe(30)
    expect(fill(1200, 30)).toMatchObject({ from: 0, to: 30 })
    expect(fill(1200, 0)).toBe(undefined)
    expect(lane.sendable(30)).toBe(0)
    lane.lost(0, 30)
    expect([lane.sendable(30), lane.pending()]).toEqual([30, 100])
    expect(fill(1200, 0)).toMatchObject({ from: 0, to: 30 })
    expect(lane.sendable(20)).toBe(0)
  })

  it('frees what is acknowledged without a gap', () => {
    write(100)
    fill()
    expect(lane.acked(50, 60)).toBe(0)
    expect(lane.acked(0, 50)).toBe(60)
    expect(lane.acked(0, 50)).toBe(0)
    expect([lane.acked(70, 80), lane.acked(60, 90), lane.acked(80, 100)]).toEqual([0, 30, 10])
    expect([lane.unacked(), pool.statistics().liveCount]).toEqual([0, 0])
  })

  it('sends nothing again that was acknowledged, whatever is told twice', () => {
    write(100)
    fill()
    lane.acked(20, 40)
    lane.lost(0, 100)
    lane.lost(0, 100)
    expect(lane.pending()).toBe(80)
    lane.acked(90, 100)
    expect(lane.pending()).toBe(70)
    expect(fill()).toMatchObject({ from: 0, to: 20 })
    lane.acked(0, 20)
    lane.lost(0, 30)
    expect(fill()).toMatchObject({ from: 40, to: 90 })
    expect(fill()).toBe(undefined)
  })

  it('is not told of what was never sent', () => {
    write(100)
    fill(1200, 10)
    expect(lane.acked(0, 100)).toBe(10)
    lane.lost(5, 100)
    expect([lane.pending(), lane.unacked()]).toEqual([90, 90])
    expect(fill()).toMatchObject({ from: 10, to: 100 })
  })

  it('holds little memory for few bytes, and large blocks for many', () => {
    write(20)
    expect(pool.statistics().liveBytes).toBe(64)
    for (let count = 0; count < 1000; count++) write(20)
    const { liveBytes, liveCount } = pool.statistics()
    expect(liveBytes).toBeLessThan(2 * 20_020)
    expect(liveCount).toBeLessThan(12)
    write(100_000)
    expect(pool.statistics().liveBytes).toBeLessThan(120_020 + 16_384 + 20_020)
  })

  it('reads lost bytes from far back', () => {
    write(100_000)
    for (let part = fill(); part !== undefined; part = fill());
    lane.lost(16_000, 16_500)
    lane.lost(70_000, 70_010)
    expect(fill()).toMatchObject({ from: 16_000, to: 16_500 })
    expect(fill()).toMatchObject({ from: 70_000, to: 70_010 })
  })

  it.each([1, 2, 3, 4])('gives all memory back when all is acknowledged, in any order (seed %i)', (seed) => {
    const random = new Random(seed)
    const flying: { from: number; to: number }[] = []
    let freed = 0
    for (let step = 0; step < 3000 || lane.unacked() > 0; step++) {
      expect(step).toBeLessThan(50_000)
      if (step < 3000 && random.chance(0.4)) write(random.integer(1, 300))
      const part = random.chance(0.7) ? fill(random.integer(40, 1200)) : undefined
      if (part !== undefined) flying.push(part)
      if (flying.length === 0) continue
      const [{ from, to }] = flying.splice(random.integer(0, flying.length - 1), 1)
      if (random.chance(0.6)) freed += lane.acked(from, to)
      else lane.lost(from, to)
    }
    expect(freed).toBe(lane.written)
    expect(lane.pending()).toBe(0)
    expect(pool.outstanding()).toEqual([])
  })
})
