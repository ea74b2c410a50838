import { describe, expect, it } from 'vitest'
import { seeded } from '../../fixtures/random.ts'
import { SentPackets, sentPacketsMax } from './sent-packets.ts'

describe('SentPackets', () => {
  it('finds packets by number, with gaps and without', () => {
    const sent = new SentPackets()
    for (const number of [3, 4, 5, 9, 2 ** 40]) sent.add(number, 1, [], 0)
    const numberOf = (wanted: number) => sent.at(sent.positionOf(wanted)).number
    expect(sent.positionOf(2)).toBe(sent.head - 1)
    expect([3, 5, 6, 8, 9, 10, 2 ** 40, 2 ** 41].map(numberOf)).toEqual([3, 5, 5, 5, 9, 9, 2 ** 40, 2 ** 40])
  })

  it('remembers as many as it says', () => {
    const sent = new SentPackets()
    for (let number = 0; number < sentPacketsMax; number++) sent.add(number, 1, [], 0)
    expect(sent.free).toBe(0)
    for (let position = 0; position < sentPacketsMax; position++)
      expect(sent.at(position).number).toBe(position)
    sent.settle(1)
    expect([sent.advance(), sent.free]).toEqual(['passed-none', 0])
    sent.settle(0)
    expect([sent.advance(), sent.free, sent.head]).toEqual(['passed-settled', 2, 2])
  })

  it.each([1, 2, 3, 4])('is what a list would be, seed %i', (seed) => {
    const random = seeded(seed)
    const sent = new SentPackets()
    const list: { number: number; position: number; isSettled: boolean }[] = []
    let number = 0
    for (let step = 0; step < 1_500; step++) {
      const pick = list[Math.floor(random() ** 2 * list.length)]
      if (random() < 0.55) {
        number += random() < 0.1 ? 5 : 1
        list.push({ number, position: sent.end, isSettled: false })
        sent.add(number, 10, [], step)
      } else if (pick?.isSettled === false) {
        sent.settle(pick.position)
        pick.isSettled = true
      }
      if (random() < 0.3) {
        sent.advance()
        while (list[0]?.isSettled) list.shift()
      }
      const context = `seed ${seed}, step ${step}`
      expect(sent.inFlightCount, context).toBe(list.filter(({ isSettled }) => !isSettled).length)
      expect(sent.head, context).toBe(list[0]?.position ?? sent.end)
      const wanted = Math.floor(random() * (number + 3))
      const found = list.findLast((each) => each.number <= wanted)
      expect(sent.positionOf(wanted), context).toBe(found?.position ?? sent.head - 1)
      if (found === undefined) continue
      const open = list.findLast((each) => each.position <= found.position && !each.isSettled)
      expect(Math.max(sent.unsettledAtOrBelow(found.position), sent.head - 1), context).toBe(
        open?.position ?? sent.head - 1,
      )
    }
  })
})
