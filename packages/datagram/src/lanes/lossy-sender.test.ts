import { BlockPool } from '@millrace/buffer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LossySender } from './lossy-sender.ts'
import { partType } from './part-types.ts'

const packet = new Uint8Array(1200)
const view = new DataView(packet.buffer)
const { unreliable, sequenced } = partType

let pool: BlockPool
let lossy: LossySender

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  lossy = new LossySender(pool, { packetRoom: 1200, staleMs: 250, bytesMax: 3000 })
})

afterEach(() => {
  lossy.release()
  expect(lossy.pending()).toBe(0)
  expect(pool.outstanding()).toEqual([])
})

const write = (
  type: typeof unreliable | typeof sequenced,
  number: number,
  value: number,
  now = 0,
  size = 4,
): void => lossy.write(type, number, new Uint8Array(size + 2).fill(value), 1, size + 1, now)

/** Type, value, and sequence if it has one, of the frames that left, each of 4 bytes. */
function fill(now = 0, end = 1200): number[][] {
  const filled = lossy.fillWhole(packet, view, 0, end, now)
  const shown: number[][] = []
  for (let at = 0; at < filled; ) {
    const type = packet[at]
    if (type === sequenced) shown.push([type, packet[at + 3], view.getUint16(at + 1, true)])
    else shown.push([type, packet[at + 1]])
    at += type === sequenced ? 7 : 5
  }
  return shown
}

describe('lossy frames that are sent', () => {
  it('leave once, in the order they were written', () => {
    write(unreliable, 0, 1)
    write(sequenced, 7, 2)
    write(unreliable, 0, 3)
    expect(lossy.pending()).toBe(12)
    expect(fill()).toEqual([
      [unreliable, 1],
      [sequenced, 2, 0],
      [unreliable, 3],
    ])
    expect(fill()).toEqual([])
    expect(pool.outstanding()).toEqual([])
  })

  it('leave as far as there is room', () => {
    write(unreliable, 0, 1)
    write(unreliable, 0, 2)
    expect(fill(0, 6)).toEqual([])
    expect(fill(0, 7)).toEqual([[unreliable, 1]])
  })

  it('give their place to a successor, if they are sequenced and have not left', () => {
    write(sequenced, 7, 1)
    write(unreliable, 0, 2)
    write(sequenced, 7, 3, 200)
    expect(fill(300)).toEqual([[sequenced, 3, 0]])
    write(sequenced, 7, 4)
    write(sequenced, 8, 5)
    expect(fill()).toEqual([
      [sequenced, 4, 1],
      [sequenced, 5, 0],
    ])
    expect(lossy.dropped).toBe(1)
  })

  it('count sequences of 16 bits, and begin anew', () => {
    for (let count = 0; count < 65_535; count++) {
      write(sequenced, 7, 1)
      lossy.fillWhole(packet, view, 0, 1200, 0)
    }
    write(sequenced, 7, 1)
    expect(fill()).toEqual([[sequenced, 1, 65_535]])
    write(sequenced, 7, 2)
    expect(fill()).toEqual([[sequenced, 2, 0]])
  })

  it('are stale after their time, and not before', () => {
    write(unreliable, 0, 1, 0)
    write(unreliable, 0, 2, 1)
    expect(lossy.hasAny(250)).toBe(true)
    expect(fill(251)).toEqual([[unreliable, 2]])
    expect(lossy.dropped).toBe(1)
    write(unreliable, 0, 3, 300)
    expect(lossy.hasAny(551)).toBe(false)
    expect([lossy.dropped, lossy.pending()]).toEqual([2, 0])
  })

  it('are dropped, the oldest first, when too many bytes wait', () => {
    for (const value of [1, 2, 3]) write(unreliable, 0, value, value, 1000)
    expect([lossy.dropped, lossy.pending()]).toEqual([0, 3000])
    write(sequenced, 7, 4, 4, 1)
    expect([lossy.dropped, lossy.pending()]).toEqual([1, 2001])
    write(sequenced, 7, 5, 5, 1001)
    expect([lossy.dropped, lossy.pending()]).toEqual([2, 2001])
    write(sequenced, 7, 6, 6, 3000)
    expect([lossy.dropped, lossy.pending()]).toEqual([3, 3000])
    write(unreliable, 0, 7, 7, 4)
    expect([lossy.dropped, lossy.pending()]).toEqual([4, 4])
    write(sequenced, 7, 8, 8)
    expect(fill(9)).toEqual([
      [unreliable, 7],
      [sequenced, 8, 0],
    ])
  })

  it('leave in pieces when they are large', () => {
    write(sequenced, 300, 9, 0, 1500)
    write(unreliable, 0, 8, 0, 1300)
    expect(fill()).toEqual([])
    expect(lossy.hasAny(0)).toBe(true)
    expect(lossy.fillPieces(packet, 0, 1200, 0)).toBe(1200)
    expect(packet.subarray(0, 10)).toEqual(
      Uint8Array.of(partType.piece, sequenced, 0x81, 0x2c, 0, 0x85, 0xdc, 0, 0x84, 0xa6),
    )
    const filled = lossy.fillPieces(packet, 0, 1200, 0)
    expect(packet[0]).toBe(partType.piece)
    expect(filled).toBe(1200)
    lossy.fillPieces(packet, 0, 1200, 0)
    expect([lossy.hasAny(0), lossy.pending(), lossy.dropped]).toEqual([false, 0, 0])
  })

  it('that are large give up half-way when they are stale', () => {
    write(unreliable, 0, 8, 0, 2000)
    fill()
    lossy.fillPieces(packet, 0, 1200, 250)
    expect(lossy.fillPieces(packet, 0, 1200, 251)).toBe(0)
    expect([lossy.pending(), lossy.dropped]).toEqual([0, 1])
  })

  it('that are large begin anew with their successor', () => {
    write(sequenced, 7, 1, 0, 2000)
    fill()
    lossy.fillPieces(packet, 0, 1200, 0)
    write(sequenced, 7, 2, 0, 2000)
    lossy.fillPieces(packet, 0, 1200, 0)
    expect([packet[3], packet[6], packet[9]]).toEqual([1, 0, 2])
  })
})
