import { BlockPool } from '@millrace/buffer'
import { readVarint, varintSizeOf } from '@millrace/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PacketContents } from '../base/packet-contents.ts'
import { MessageSender } from './message-sender.ts'
import { messageWindow, partType } from './part-types.ts'

const packet = new Uint8Array(1200)
const unlimited = Number.POSITIVE_INFINITY

let pool: BlockPool
let messages: MessageSender

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  messages = new MessageSender(pool, 1200)
})

afterEach(() => {
  messages.release()
  expect(pool.outstanding()).toEqual([])
})

const write = (size: number): void => messages.write(new Uint8Array(size + 2).fill(size), 1, size + 1)

/** Triples of what left whole, or in pieces. */
function fill(how: 'fillWhole' | 'fillPieces', end = 1200, credit = unlimited): number[][] {
  const contents: PacketContents = []
  messages[how](packet, 0, end, contents, credit)
  const triples: number[][] = []
  for (let at = 0; at < contents.length; at += 3) triples.push(contents.slice(at + 1, at + 3))
  return triples
}

describe('unordered messages that are sent', () => {
  it('leave whole, several a packet, while they fit', () => {
    for (const size of [10, 20, 30]) write(size)
    expect(fill('fillWhole', 47)).toEqual([
      [0, 10],
      [1, 20],
    ])
    expect([packet[0], packet[1], packet[12], packet[13]]).toEqual([partType.message, 0, partType.message, 1])
    expect(fill('fillWhole', 35)).toEqual([[2, 30]])
    expect([messages.pending(), messages.unacked()]).toEqual([0, 60])
  })

  it('leave in pieces when they are larger than a packet', () => {
    write(1195)
    write(1196)
    expect(fill('fillWhole').map(([id]) => id)).toEqual([0])
    expect(fill('fillWhole')).toEqual([])
    const pieces = [...fill('fillPieces', 700), ...fill('fillPieces', 700)]
    expect(pieces.map(([id, piece]) => [id, Math.floor(piece / 65536), piece % 65536])).toEqual([
      [1, 0, 693],
      [1, 693, 503],
    ])
    expect(packet[0]).toBe(partType.messagePiece)
    expect(readVarint(packet, 2)).toBe(1196)
    expect(readVarint(packet, 2 + varintSizeOf(packet[2]))).toBe(693)
    expect(messages.acked(1, pieces[1][1])).toBe(0)
    expect(messages.acked(1, pieces[1][1])).toBe(0)
    messages.lost(1, pieces[1][1])
    expect([messages.pending(), messages.hasAny(unlimited)]).toEqual([0, false])
    expect(messages.acked(1, pieces[0][1])).toBe(1196)
    expect(messages.acked(0, 1195)).toBe(1195)
    expect(pool.outstanding()).toEqual([])
  })

  it('do not take a piece for the whole of a frame', () => {
    const size = 16 * 65536 + 100
    write(size)
    expect(fill('fillPieces', 24)).toEqual([[0, 16]])
    expect(fill('fillPieces', 108)).toEqual([[0, size]])
    expect(messages.acked(0, size)).toBe(0)
    expect(messages.unacked()).toBe(size)
  })

  it('send again what is lost, before what is new', () => {
    write(10)
    write(20)
    fill('fillWhole', 20)
    messages.lost(0, 10)
    messages.lost(0, 10)
    expect(messages.pending()).toBe(30)
    expect(fill('fillWhole')).toEqual([
      [0, 10],
      [1, 20],
    ])
    expect(fill('fillWhole')).toEqual([])
  })

  it('do not send again what was acknowledged after all', () => {
    write(10)
    fill('fillWhole')
    messages.lost(0, 10)
    expect(messages.acked(0, 10)).toBe(10)
    messages.lost(0, 10)
    expect([messages.pending(), messages.hasAny(unlimited)]).toEqual([0, false])
    write(30)
    expect(fill('fillWhole')).toEqual([[1, 30]])
  })

  it('do not share memory when one was told lost twice, and acknowledged after all', () => {
    write(10)
    fill('fillWhole')
    messages.lost(0, 10)
    messages.lost(0, 10)
    messages.acked(0, 10)
    expect(fill('fillWhole')).toEqual([])
    write(20)
    write(30)
    expect(fill('fillWhole')).toEqual([
      [1, 20],
      [2, 30],
    ])
    expect([packet[2], packet[24]]).toEqual([20, 30])
  })

  it('leave in pieces when the packets became smaller', () => {
    write(1000)
    write(100)
    fill('fillWhole', 1010)
    messages.lost(0, 1000)
    messages.packetRoom = 500
    expect(fill('fillWhole', 500)).toEqual([[1, 100]])
    expect(
      fill('fillPieces', 500).length + fill('fillPieces', 500).length + fill('fillPieces', 500).length,
    ).toBe(3)
    expect([messages.pending(), messages.unacked()]).toEqual([0, 1100])
    expect(messages.acked(0, 1000)).toBe(1000)
  })

  it('wait for the window of the peer, each as a whole', () => {
    write(10)
    write(20)
    expect(messages.hasAny(9)).toBe(false)
    expect(fill('fillWhole', 1200, 9)).toEqual([])
    expect(fill('fillWhole', 1200, 29)).toEqual([[0, 10]])
    messages.lost(0, 10)
    expect(messages.hasAny(0)).toBe(true)
    expect(fill('fillWhole', 1200, 30)).toHaveLength(2)
    expect(messages.started).toBe(30)
  })

  it('are never further ahead than the receiver looks', () => {
    for (let count = 0; count <= messageWindow; count++) write(1)
    let left = 0
    for (let part = fill('fillWhole'); part.length > 0; part = fill('fillWhole')) left += part.length
    expect(left).toBe(messageWindow)
    expect(messages.hasAny(unlimited)).toBe(false)
    messages.acked(1, 1)
    expect(fill('fillWhole')).toEqual([])
    messages.acked(0, 1)
    expect(fill('fillWhole')).toEqual([[messageWindow, 1]])
    messages.acked(messageWindow - 1, 1)
    write(1)
    expect(fill('fillWhole')).toEqual([[messageWindow + 1, 1]])
  })

  it('are told of ids that never were, or are no more', () => {
    write(10)
    fill('fillWhole')
    for (const id of [1, messageWindow, 5 * messageWindow]) {
      expect(messages.acked(id, 10)).toBe(0)
      messages.lost(id, 10)
    }
    expect([messages.pending(), messages.unacked()]).toEqual([0, 10])
  })
})
