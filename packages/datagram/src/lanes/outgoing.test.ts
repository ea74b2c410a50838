import { BlockPool } from '@millrace/buffer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentsMessage, laneCountMax, type PacketContents } from '../base/packet-contents.ts'
import type { FrameDelivery } from './delivery.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { lossyFrameSizeMax, partType } from './part-types.ts'

const room = 1200
const packet = new Uint8Array(room)
const view = new DataView(packet.buffer)

let pool: BlockPool
let out: Outgoing
let incoming: Incoming

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  out = new Outgoing({ pool, packetRoom: room, windowSize: 1_000_000 })
  incoming = new Incoming({ pool, bodySizeMax: 300_000, windowSize: 10_000_000 })
})

afterEach(() => {
  out.release()
  incoming.release()
  expect(pool.outstanding()).toEqual([])
})

/** A frame of message `number` of `size` bytes, header included: at least 6. */
function frameOf(number: number, size: number): Uint8Array {
  const frame = new Uint8Array(size)
  frame.set([number, 0xc0, 0])
  new DataView(frame.buffer).setUint16(3, size - 5, true)
  frame.copyWithin(3, 3, 5)
  if (size - 5 > 0xffff) frame[2] = (size - 5) >> 16
  return frame
}

function write(delivery: FrameDelivery, size: number, { number = 1, lane = 0, now = 0 } = {}): string {
  return out.write(frameOf(number, size), 0, size, delivery, lane, now)
}

/** The types of the parts of the next packet, in their order, and how many bytes of frames each has. */
function fill(now = 0): { type: number; size: number }[] {
  const contents: PacketContents = []
  const end = out.fill(packet, view, 0, room, contents, now)
  const parts: { type: number; size: number }[] = []
  for (let at = 0; at < end; at = incoming.partEnd) {
    expect(incoming.receive(packet[at], packet, view, at + 1, end, now)).toBe('')
    parts.push({ type: packet[at], size: incoming.partEnd - at })
  }
  while (incoming.next());
  incoming.keep()
  for (let at = 0; at < contents.length; at += 3) out.acked(contents[at], contents[at + 1], contents[at + 2])
  return parts
}

const types = (parts: { type: number }[]): number[] => parts.map(({ type }) => type)

describe('a packet', () => {
  it('has what is urgent and small first', () => {
    write('reliable', 20_000, { lane: 3 })
    write('reliable', 30, { lane: 2 })
    write('reliableUnordered', 5000)
    write('reliableUnordered', 30)
    write('unreliable', 30)
    write('sequenced', 30, { number: 2 })
    write('latestByKey', 30, { number: 3 })
    const { newest, unreliable, sequenced, message, stream } = partType
    const first = types(fill())
    expect(first.slice(0, 5)).toEqual([newest, unreliable, sequenced, message, stream + 2])
    expect(first).toHaveLength(6)
  })

  it('of the turn of lanes leaves half to urgent frames, which take what is left', () => {
    fillWith(4)
    for (let count = 0; count < 40; count++) write('unreliable', 100)
    write('reliable', 200, { lane: 1 })
    write('reliable', 200, { lane: 2 })
    const kinds = Array.from({ length: 4 }, () => types(fill()))
    expect(kinds[0].every((type) => type === partType.unreliable || type >= partType.stream)).toBe(true)
    const turn = kinds.find((parts) => parts.includes(partType.stream + 1))!
    expect(turn).toContain(partType.stream + 2)
    expect(turn.at(-1)).toBe(partType.unreliable)
  })

  it('is empty when there is nothing, or the windows hold it back', () => {
    expect([fill(), out.hasPending(0)]).toEqual([[], false])
    out = new Outgoing({ pool, packetRoom: room, windowSize: 10 })
    write('reliable', 20)
    write('reliableUnordered', 20)
    expect(out.hasPending(0)).toBe(true)
    expect(fill()).toEqual([{ type: partType.stream, size: 18 }])
    expect([out.hasPending(0), out.pendingBytes, out.storedBytes]).toEqual([false, 30, 30])
    out.setCreditEnd(0, 5)
    out.setCreditEnd(contentsMessage, 19)
    expect(out.hasPending(0)).toBe(false)
    out.setCreditEnd(0, 20)
    out.setCreditEnd(contentsMessage, 20)
    out.setCreditEnd(0, 15)
    out.setCreditEnd(contentsMessage, 19)
    expect(types(fill())).toEqual([partType.message, partType.stream])
    expect([out.hasPending(0), out.pendingBytes, out.storedBytes]).toEqual([false, 0, 0])
  })
})

/** Lets so many packets pass, so that the turns begin anew. */
function fillWith(count: number): void {
  for (let left = count; left > 0; left--) {
    write('unreliable', 10)
    fill()
  }
}

/** Writes before each of so many packets; returns how many bytes of each type they had, and the most packets in a row without it. */
function run(packets: number, before: (packet: number) => void): Map<number, { bytes: number; gap: number }> {
  const found = new Map<number, { bytes: number; gap: number; last: number }>()
  for (let number = 0; number < packets; number++) {
    before(number)
    for (const { type, size } of fill(number)) {
      const entry = found.get(type) ?? { bytes: 0, gap: 0, last: -1 }
      found.set(type, entry)
      entry.bytes += size
      entry.gap = Math.max(entry.gap, number - entry.last - 1)
      entry.last = number
    }
  }
  return found
}

describe('over many packets', () => {
  it('a big backlog gets one of four, and never stands before a small one', () => {
    write('reliable', 300_000, { lane: 7 })
    const found = run(400, () => write('reliable', 850, { lane: 1 }))
    expect(found.get(partType.stream + 7)!.gap).toBeLessThanOrEqual(3)
    expect(found.get(partType.stream + 7)!.bytes).toBeGreaterThan(100 * 1000)
    expect(found.get(partType.stream + 1)!.bytes).toBeGreaterThan(395 * 850)
  })

  it('a flood of unreliable frames starves nothing', () => {
    write('reliable', 100_000, { lane: 7 })
    write('reliableUnordered', 100_000)
    const found = run(200, (packet) => {
      for (let count = 0; count < 20; count++) write('unreliable', 300, { now: packet })
      if (packet % 10 !== 0) return
      write('reliable', 50, { lane: 1 })
      write('reliableUnordered', 50)
    })
    expect(found.get(partType.stream + 1)!.bytes).toBeGreaterThan(19 * 50)
    expect(found.get(partType.message)!.bytes).toBeGreaterThan(19 * 50)
    expect(found.get(partType.message)!.gap).toBeLessThanOrEqual(13)
    expect(found.get(partType.stream + 7)!.gap).toBeLessThanOrEqual(8)
    expect(found.get(partType.messagePiece)!.gap).toBeLessThanOrEqual(8)
    expect(out.dropped).toBeGreaterThan(2000)
  })

  it('small frames do not wait for large ones', () => {
    for (let count = 0; count < 3; count++) write('reliableUnordered', 200_000)
    write('latestByKey', 200_000, { number: 9 })
    write('reliable', 200_000, { lane: 7 })
    const found = run(200, () => {
      write('reliableUnordered', 50)
      write('latestByKey', 50, { number: 3 })
    })
    expect(found.get(partType.message)!.gap).toBeLessThanOrEqual(1)
    expect(found.get(partType.newest)!.gap).toBe(0)
    const big = [partType.messagePiece, partType.piece, partType.stream + 7].map(
      (type) => found.get(type)!.bytes,
    )
    expect(Math.min(...big) * 1.5).toBeGreaterThan(Math.max(...big))
  })

  it('lanes take turns', () => {
    const found = run(160, () => {
      for (let lane = 0; lane < laneCountMax; lane++) write('reliable', 70, { lane })
    })
    const bytes = Array.from({ length: laneCountMax }, (_, lane) => found.get(partType.stream + lane)!.bytes)
    expect(Math.min(...bytes) * 1.2).toBeGreaterThan(Math.max(...bytes))
  })
})

describe('what is written', () => {
  it('is refused when its delivery cannot be kept', () => {
    for (const delivery of ['unreliable', 'sequenced', 'latestByKey'] as const) {
      expect(write(delivery, lossyFrameSizeMax)).toBe('queued')
      expect(write(delivery, lossyFrameSizeMax + 1)).toBe('too-large')
    }
    expect(write('reliable', lossyFrameSizeMax + 1)).toBe('queued')
    expect(write('reliableUnordered', lossyFrameSizeMax + 1)).toBe('queued')
    const ping = Uint8Array.of(0x82, 4, 1, 2, 3, 4)
    expect(out.write(ping, 0, 6, 'sequenced', 0, 0)).toBe('no-number')
    expect(out.write(ping, 0, 6, 'latestByKey', 0, 0)).toBe('no-number')
    expect(out.write(Uint8Array.of(0x90, 4, 0xc0, 0, 0, 0x40), 0, 6, 'sequenced', 0, 0)).toBe('no-number')
    expect(out.write(ping, 0, 6, 'unreliable', 0, 0)).toBe('queued')
    expect(out.write(packet, 0, 2 ** 48, 'reliable', 0, 0)).toBe('exhausted')
    expect(() => out.write(ping, 0, 6, 'reliable', 16, 0)).toThrow('lanes are 0 to 15; got 16')
  })

  it('may be made later', () => {
    let made = 0
    out.writeLater(3, () => frameOf(3, 10 + ++made))
    expect([out.hasPending(0), made]).toEqual([true, 0])
    expect(fill()).toEqual([{ type: partType.newest, size: 13 }])
    expect([out.hasPending(0), made]).toEqual([false, 1])
  })

  it('is forgotten, and its memory given back', () => {
    for (const delivery of [
      'reliable',
      'reliableUnordered',
      'unreliable',
      'sequenced',
      'latestByKey',
    ] as const) {
      write(delivery, 3000)
      write(delivery, 30, { number: 2 })
    }
    out.fill(packet, view, 0, room, [], 0)
    out.release()
    expect([out.hasPending(0), out.pendingBytes, out.storedBytes]).toEqual([false, 0, 0])
    expect(pool.outstanding()).toEqual([])
  })

  it('is not disturbed by what no packet carried', () => {
    write('reliable', 30)
    for (const what of [0, 5, contentsMessage, 17, 18, 1000]) {
      expect(out.acked(what, 0, 30)).toBe(0)
      out.lost(what, 0, 30)
    }
    expect([out.pendingBytes, out.storedBytes]).toEqual([30, 30])
  })
})
