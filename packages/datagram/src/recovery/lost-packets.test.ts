import { expect, it } from 'vitest'
import { ack } from '../../fixtures/ack.ts'
import { LostPackets, lostPacketsMax } from './lost-packets.ts'

function found(lost: LostPackets, ranges: [low: number, high: number][], since = 0): number[] {
  const numbers: number[] = []
  lost.begin()
  // A packet that was found says its number no more, but still when it was sent.
  for (let each = lost.next(ack(ranges), since); each !== undefined; each = lost.next(ack(ranges), since)) {
    expect(each.number).toBe(-1)
    numbers.push(each.sentAt)
  }
  return numbers
}

it('finds what an ack holds, once, from the newest down', () => {
  const lost = new LostPackets()
  for (const number of [3, 4, 8, 20, 21, 30]) lost.add(number, 1, number, 0)
  expect(found(lost, [[40, 50]])).toEqual([])
  expect(
    found(lost, [
      [30, 50],
      [9, 20],
      [0, 3],
    ]),
  ).toEqual([30, 20, 3])
  expect(found(lost, [[0, 50]])).toEqual([21, 8, 4])
  expect(found(lost, [[0, 50]])).toEqual([])
})

it('passes what was sent too long ago', () => {
  const lost = new LostPackets()
  for (const number of [3, 4, 8]) lost.add(number, 1, number, 0)
  expect(found(lost, [[0, 50]], 4)).toEqual([8, 4])
  expect(found(lost, [[0, 50]], 0)).toEqual([3])
})

it('remembers as many as it says', () => {
  const lost = new LostPackets()
  for (let number = 0; number <= lostPacketsMax; number++) lost.add(number, 1, number, 0)
  const numbers = found(lost, [[0, 5_000]])
  expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([lostPacketsMax, lostPacketsMax, 1])
})
