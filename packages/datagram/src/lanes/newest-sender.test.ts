import { BlockPool } from '@millrace/buffer'
import { readVarint, varintSizeOf } from '@millrace/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PacketContents } from '../base/packet-contents.ts'
import { NewestSender } from './newest-sender.ts'
import { partType } from './part-types.ts'

const packet = new Uint8Array(1200)

let pool: BlockPool
let newest: NewestSender

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  newest = new NewestSender(pool, 1200)
})

afterEach(() => {
  newest.release()
  expect(pool.outstanding()).toEqual([])
})

/** A frame of a message below 128, with a size below 16,384; all its bytes are `value`. */
function frameOf(number: number, value: number, bodySize = 3): Uint8Array {
  const header = bodySize < 128 ? [number, bodySize] : [number, 0x80 | (bodySize >> 8), bodySize & 0xff]
  return Uint8Array.from([...header, ...new Uint8Array(bodySize).fill(value)])
}

function write(number: number, value: number, bodySize = 3): void {
  const frame = frameOf(number, value, bodySize)
  newest.write(number, frame, 0, frame.length)
}

/** Number, value and sequence of the whole frames that left, each of 5 bytes, and what is to be told of them. */
function fill(end = 1200): { shown: number[][]; contents: PacketContents } {
  const contents: PacketContents = []
  const filled = newest.fillWhole(packet, 0, end, contents)
  const shown: number[][] = []
  for (let at = 0; at < filled; ) {
    expect(packet[at]).toBe(partType.newest)
    const start = at + 1 + varintSizeOf(packet[at + 1])
    shown.push([packet[start], packet[start + 2], readVarint(packet, at + 1)])
    at = start + 5
  }
  return { shown, contents }
}

function fillPieces(): PacketContents {
  const contents: PacketContents = []
  newest.fillPieces(packet, 0, 1200, contents)
  return contents
}

describe('newest values that are sent', () => {
  it('take the place of one that waits', () => {
    write(1, 10)
    write(2, 20)
    write(1, 11)
    expect(newest.pending()).toBe(10)
    expect(fill().shown).toEqual([
      [1, 11, 0],
      [2, 20, 0],
    ])
    expect(fill().shown).toEqual([])
    expect([newest.pending(), newest.unacked()]).toEqual([0, 10])
  })

  it('leave again only if the newest is lost', () => {
    write(1, 10)
    const first = fill().contents
    write(1, 11)
    const second = fill().contents
    newest.lost(first[1], first[2])
    expect(newest.hasAny()).toBe(false)
    newest.lost(second[1], second[2])
    newest.lost(second[1], second[2])
    expect(newest.pending()).toBe(5)
    expect(fill().shown).toEqual([[1, 11, 1]])
    expect(newest.acked(first[1], first[2])).toBe(0)
    expect(newest.acked(second[1], second[2])).toBe(5)
    newest.lost(second[1], second[2])
    expect([newest.hasAny(), newest.unacked()]).toEqual([false, 0])
    expect(pool.outstanding()).toEqual([])
  })

  it('are not acknowledged by an older one, though a newer one waits', () => {
    write(1, 10)
    const { contents } = fill()
    write(1, 11)
    expect(newest.acked(contents[1], contents[2])).toBe(0)
    expect(fill().shown).toEqual([[1, 11, 1]])
  })

  it('leave as far as there is room', () => {
    write(1, 10)
    write(2, 20)
    expect(fill(9).shown).toEqual([])
    expect(fill(10).shown).toEqual([[1, 10, 0]])
    expect(fill(10).shown).toEqual([[2, 20, 0]])
  })

  it('leave in pieces when they are large, of which the lost ones leave again', () => {
    write(1, 10, 2000)
    expect(newest.hasAny()).toBe(true)
    expect(fill().shown).toEqual([])
    const first = fillPieces()
    const second = fillPieces()
    expect(newest.hasAny()).toBe(false)
    expect([packet[0], packet[1], packet[2]]).toEqual([partType.piece, partType.newest, 1])
    newest.lost(first[1], first[2])
    expect(newest.acked(second[1], second[2])).toBe(0)
    expect(fillPieces()).toEqual(first)
    expect(newest.acked(first[1], first[2])).toBe(2003)
  })

  it('stop a large one half-way when a newer one comes', () => {
    write(1, 10, 2000)
    fill()
    const first = fillPieces()
    write(1, 11)
    newest.lost(first[1], first[2])
    const contents = fillPieces()
    expect(packet.subarray(0, 7)).toEqual(Uint8Array.of(partType.piece, partType.newest, 1, 1, 5, 0, 5))
    expect(newest.acked(contents[1], contents[2])).toBe(5)
    expect(newest.hasAny()).toBe(false)
  })

  it('are made when there is room for them, and anew when they are lost', () => {
    let value = 0
    newest.writeLater(1, () => frameOf(1, ++value))
    expect(newest.hasAny()).toBe(true)
    expect(fill(0).shown).toEqual([])
    expect(value).toBe(0)
    const { shown, contents } = fill()
    expect(shown).toEqual([[1, 1, 0]])
    newest.lost(contents[1], contents[2])
    newest.lost(contents[1], contents[2])
    const again = fill()
    expect(again.shown).toEqual([[1, 2, 1]])
    expect(newest.acked(again.contents[1], again.contents[2])).toBe(5)
    expect(fill().shown).toEqual([])
    newest.lost(again.contents[1], again.contents[2])
    expect([value, newest.hasAny()]).toEqual([2, false])
  })

  it('are asked for with about as much room as the last one took', () => {
    let made = 0
    const later = (): void =>
      newest.writeLater(1, () => {
        made++
        return frameOf(1, 1, 1000)
      })
    later()
    newest.fillWhole(packet, 0, 1200, [])
    later()
    newest.fillWhole(packet, 700, 1200, [])
    expect(made).toBe(1)
    newest.fillWhole(packet, 0, 1200, [])
    expect(made).toBe(2)
  })

  it('may turn out not to be there', () => {
    newest.writeLater(1, () => undefined)
    expect(fill().shown).toEqual([])
    expect(newest.hasAny()).toBe(false)
    newest.writeLater(1, () => frameOf(1, 9))
    write(1, 10)
    expect(fill().shown).toEqual([[1, 10, 0]])
    newest.writeLater(1, () => frameOf(1, 11))
    expect(fill().shown).toEqual([[1, 11, 1]])
  })

  it('that are not there leave the one before as the newest', () => {
    write(1, 10)
    newest.writeLater(1, () => undefined)
    expect(fill().shown).toEqual([[1, 10, 0]])
    write(2, 20, 2000)
    fill()
    const first = fillPieces()
    newest.writeLater(2, () => undefined)
    newest.lost(first[1], first[2])
    const contents = [...fillPieces(), ...fillPieces()]
    for (let at = 0; at < contents.length; at += 3) newest.acked(contents[at + 1], contents[at + 2])
    expect(newest.unacked()).toBe(5)
    let isThere = true
    newest.writeLater(3, () => (isThere ? frameOf(3, 30) : undefined))
    const made = fill().contents
    newest.lost(made[1], made[2])
    isThere = false
    expect(fill().shown).toEqual([[3, 30, 0]])
    newest.lost(made[1], made[2])
    expect(newest.acked(made[1], made[2])).toBe(5)
    expect(fill().shown).toEqual([])
  })

  it('are made though the one before is acknowledged meanwhile', () => {
    write(1, 10)
    const { contents } = fill()
    newest.writeLater(1, () => frameOf(1, 11))
    expect(newest.acked(contents[1], contents[2])).toBe(5)
    expect(fill().shown).toEqual([[1, 11, 1]])
  })

  it('may turn out to be large', () => {
    newest.writeLater(1, () => frameOf(1, 9, 2000))
    fill()
    const first = fillPieces()
    const second = fillPieces()
    newest.lost(first[1], first[2])
    expect(fillPieces()).toEqual(first)
    newest.acked(second[1], second[2])
    expect(newest.acked(first[1], first[2])).toBe(2003)
  })

  it.each([
    ['of another number', () => frameOf(2, 9)],
    ['too large', () => frameOf(1, 9, 300_000)],
    ['empty', () => new Uint8Array(0)],
  ])('must not be %s', (_what, produce) => {
    newest.writeLater(1, produce)
    expect(() => fill()).toThrow('a producer of message 1 must return a frame of that number')
    expect(fill().shown).toEqual([])
  })
})
