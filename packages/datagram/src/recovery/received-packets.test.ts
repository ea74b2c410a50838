import { varintMax } from '@millrace/wire'
import { describe, expect, it } from 'vitest'
import { viewOf } from '../../fixtures/ack.ts'
import { seeded } from '../../fixtures/random.ts'
import { u48Max } from '../base/u48.ts'
import { AckReader } from './ack-reader.ts'
import { patientDelayMs, ReceivedPackets, receivedRangesMax } from './received-packets.ts'

const bytes = new Uint8Array(1_024)
const view = viewOf(bytes)

/** What an ack of these packets says: its ranges from the highest down. */
function said(packets: ReceivedPackets, now = 0, end = bytes.length): [low: number, high: number][] {
  const written = packets.writeAck(bytes, view, 3, end, now)
  if (written < 0) return []
  const reader = new AckReader()
  expect(reader.read(bytes, view, 3, written)).toBe('')
  expect(reader.end).toBe(written)
  return Array.from({ length: reader.count }, (_, index) => [reader.lows[index], reader.highs[index]])
}

function received(...numbers: readonly number[]): ReceivedPackets {
  const packets = new ReceivedPackets()
  for (const number of numbers) expect(packets.receive(number, 0, 'soon')).toBe('new')
  return packets
}

describe('which packets came', () => {
  it('each is new once, whatever the order', () => {
    const packets = received(3, 4, 9, 8, 1, 2, 6)
    for (const number of [1, 2, 3, 4, 6, 8, 9]) expect(packets.receive(number, 0, 'soon')).toBe('duplicate')
    expect(said(packets)).toEqual([
      [8, 9],
      [6, 6],
      [1, 4],
    ])
    expect(packets.largest).toBe(9)
    for (const number of [0, 5, 7]) expect(packets.receive(number, 0, 'soon')).toBe('new')
    expect(said(packets)).toEqual([[0, 9]])
  })

  it('64 ranges are remembered, and what was in the 65th is too old', () => {
    const packets = new ReceivedPackets()
    for (let index = 0; index < receivedRangesMax; index++) packets.receive(10 + 2 * index, 0, 'soon')
    expect(said(packets)).toHaveLength(receivedRangesMax)
    expect(packets.receive(5, 0, 'soon')).toBe('too-old')
    expect(packets.receive(11, 0, 'soon')).toBe('new')
    expect(packets.receive(5, 0, 'soon')).toBe('new')
    expect(packets.receive(1_000, 0, 'soon')).toBe('new')
    expect(packets.receive(5, 0, 'soon')).toBe('too-old')
    expect(packets.receive(6, 0, 'soon')).toBe('too-old')
    expect(packets.receive(10, 0, 'soon')).toBe('duplicate')
    expect(said(packets)).toHaveLength(receivedRangesMax)
  })

  it('numbers next to the largest there can be are compared like the others', () => {
    const packets = received(u48Max - 3, u48Max, 0, u48Max - 1)
    expect(packets.receive(u48Max, 0, 'soon')).toBe('duplicate')
    packets.acknowledged(0)
    expect(said(packets)).toEqual([
      [u48Max - 1, u48Max],
      [u48Max - 3, u48Max - 3],
    ])
  })

  it.each([1, 2, 3, 4, 5])('random packets, seed %i: the same as a set', (seed) => {
    const random = seeded(seed)
    const packets = new ReceivedPackets()
    const model = new Set<number>()
    let base = 0
    for (let step = 0; step < 3_000; step++) {
      base += random() < 0.5 ? 1 : 0
      const number = Math.max(0, base + Math.floor((random() - 0.5) * 40))
      const receipt = packets.receive(number, step, random() < 0.7 ? 'soon' : 'nothing')
      if (receipt !== 'too-old')
        expect(receipt, `seed ${seed}, step ${step}`).toBe(model.has(number) ? 'duplicate' : 'new')
      model.add(number)
      if (step % 50 > 0) continue
      const ranges = said(packets, step)
      for (const [low, high] of ranges) for (let of = low; of <= high; of++) expect(model.has(of)).toBe(true)
      const [[, largest], [lowest]] = [ranges[0], ranges.at(-1)!]
      const covered = ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0)
      expect(covered).toBe([...model].filter((of) => of >= lowest && of <= largest).length)
    }
  })
})

describe('when an acknowledgement is due', () => {
  it('for the second packet at once, for a lone one after the delay', () => {
    const packets = new ReceivedPackets(10)
    expect(packets.hasAck).toBe(false)
    packets.receive(0, 100, 'soon')
    expect(packets.hasAck).toBe(true)
    expect(packets.ackDeadline).toBe(110)
    expect(packets.isAckDue(109.9)).toBe(false)
    expect(packets.isAckDue(110)).toBe(true)
    packets.receive(1, 104, 'soon')
    expect(packets.ackDeadline).toBe(104)
    said(packets, 104)
    expect([packets.hasAck, packets.ackDeadline]).toEqual([false, Number.POSITIVE_INFINITY])
    packets.receive(2, 105, 'soon')
    expect(packets.isAckDue(105)).toBe(false)
  })

  it('for a gap at once, and for the packet that fills it', () => {
    const packets = received(0, 1)
    said(packets)
    packets.receive(3, 50, 'soon')
    expect(packets.isAckDue(50)).toBe(true)
    said(packets)
    packets.receive(2, 60, 'soon')
    expect(packets.isAckDue(60)).toBe(true)
  })

  it('later for patient packets, and for the tenth of them at once', () => {
    const packets = received(0)
    said(packets)
    packets.receive(1, 100, 'patiently')
    packets.receive(2, 150, 'patiently')
    expect(packets.ackDeadline).toBe(100 + patientDelayMs)
    for (let number = 3; number < 10; number++) packets.receive(number, 160, 'patiently')
    expect(packets.ackDeadline).toBe(100 + patientDelayMs)
    packets.receive(10, 170, 'patiently')
    expect(packets.ackDeadline).toBe(170)
    said(packets)
    packets.receive(11, 180, 'patiently')
    expect(packets.ackDeadline).toBe(180 + patientDelayMs)
  })

  it('soon for a packet that is not patient, among those that are', () => {
    const packets = received(0)
    said(packets)
    packets.receive(1, 100, 'patiently')
    packets.receive(2, 150, 'soon')
    expect(packets.ackDeadline).toBe(150 + packets.ackDelayMs)
    packets.receive(3, 151, 'patiently')
    expect(packets.ackDeadline).toBe(150 + packets.ackDelayMs)
    packets.receive(5, 152, 'patiently')
    expect(packets.ackDeadline).toBe(152)
  })

  it('never for packets that do not ask, but one may ride along', () => {
    const packets = new ReceivedPackets()
    for (const number of [0, 1, 2, 7]) packets.receive(number, 0, 'nothing')
    expect([packets.hasAck, packets.ackDeadline]).toEqual([true, Number.POSITIVE_INFINITY])
  })

  it('not for a duplicate', () => {
    const packets = received(0, 1)
    said(packets)
    packets.receive(1, 10, 'soon')
    expect([packets.hasAck, packets.isAckDue(1_000)]).toEqual([false, false])
  })

  it('a delay above 25 ms is cut to that', () => {
    expect(new ReceivedPackets(25).ackDelayMs).toBe(25)
    expect(new ReceivedPackets(26).ackDelayMs).toBe(25)
  })
})

describe('what an acknowledgement says', () => {
  it('how long it was held back, from the largest number on', () => {
    const packets = new ReceivedPackets()
    packets.receive(5, 100, 'soon')
    packets.receive(3, 103, 'soon')
    const end = packets.writeAck(bytes, view, 0, bytes.length, 107.0081)
    const reader = new AckReader()
    reader.read(bytes, view, 0, end)
    expect(reader.delayMs).toBeCloseTo(7.008, 9)
  })

  it('as many ranges as fit, and the first at least', () => {
    const packets = received(100, 102, 104, 500)
    expect(said(packets, 0, 3 + 9)).toEqual([[500, 500]])
    expect(packets.writeAck(bytes, view, 3, 3 + 8, 0)).toBe(-1)
    expect(said(packets, 0, 3 + 11)).toEqual([[500, 500]])
    expect(said(packets, 0, 3 + 12)).toEqual([
      [500, 500],
      [104, 104],
    ])
    expect(said(packets, 0, 3 + 13)).toHaveLength(2)
    expect(said(packets, 0, 3 + 14)).toHaveLength(3)
  })

  it('nothing is written or counted as said when it does not fit, or nothing came', () => {
    expect(new ReceivedPackets().writeAck(bytes, view, 0, bytes.length, 0)).toBe(-1)
    const packets = received(0, 1)
    bytes.fill(7)
    packets.writeAck(bytes, view, 0, 8, 0)
    expect(bytes.every((byte) => byte === 7)).toBe(true)
    expect([packets.hasAck, packets.isAckDue(0)]).toEqual([true, true])
  })

  it('no more of what the peer knows, until something of it comes late', () => {
    const packets = received(1, 2, 4, 5, 8)
    packets.acknowledged(5)
    expect(said(packets)).toEqual([[8, 8]])
    packets.acknowledged(8)
    expect(said(packets)).toEqual([[8, 8]])
    packets.receive(3, 0, 'soon')
    expect(said(packets)).toEqual([
      [8, 8],
      [3, 5],
    ])
    packets.acknowledged(9)
    expect(said(packets)).toHaveLength(2)
  })

  it('no length or gap that a varint could not hold', () => {
    const far = varintMax + 2
    const packets = received(0, far)
    expect(said(packets)).toEqual([
      [far, far],
      [0, 0],
    ])
    expect(said(received(0, far + 1))).toEqual([[far + 1, far + 1]])
  })
})
