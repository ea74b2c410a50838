import { describe, expect, it } from 'vitest'
import { readEarlyPacket, writeAccept, writeHead, writeRefuse } from '../packet/before-connection.ts'
import { packetKind, retrySize } from '../packet/packet-layout.ts'
import { OpeningRequest, type RequestOutcome } from './opening-request.ts'

const own = { id: 0x04030201, key: 0x08070605 }
const bytes = new Uint8Array(1200)

/** One that draws the middle of each wait. */
const requestOf = () => new OpeningRequest(own, '192.0.2.1', 7, () => 0.5)

function answer(request: OpeningRequest, end: number, now = 0): RequestOutcome | undefined {
  return request.answered(bytes, readEarlyPacket(bytes, 0, end)!, now)
}

function retry(request: OpeningRequest, now = 0): RequestOutcome | undefined {
  bytes.fill(7, writeHead(bytes, packetKind.retry, own), retrySize)
  return answer(request, retrySize, now)
}

describe('a request for a connection', () => {
  it('asks again after 250 ms, then every 500 ms', () => {
    const request = requestOf()
    const waits: number[] = []
    for (let now = 0; waits.length < 7; now = request.deadline) {
      expect(request.write(bytes, now)).toBe(1200)
      waits.push(request.deadline - now)
    }
    expect(waits).toEqual([250, 500, 500, 500, 500, 500, 500])
  })

  it('asks a quarter sooner or later by chance, so that those who asked at once do so no more', () => {
    for (const [chance, factor] of [
      [0, 0.75],
      [0.999, 1.2495],
    ] as const) {
      const request = new OpeningRequest(own, '192.0.2.1', 7, () => chance)
      request.write(bytes, 1000)
      expect(request.deadline - 1000).toBeCloseTo(250 * factor, 6)
      request.write(bytes, 2000)
      expect(request.deadline - 2000).toBeCloseTo(500 * factor, 6)
    }
  })

  it('measures the round trip of what was asked for once, and of nothing else', () => {
    const request = requestOf()
    request.write(bytes, 0)
    request.write(bytes, 250)
    retry(request, 300)
    expect(request.roundTripMs).toBeUndefined()
    request.write(bytes, 300)
    // The answer to the second of the requests without a cookie, a moment after the third left with one.
    retry(request, 301)
    expect(request.roundTripMs).toBeUndefined()
    answer(request, writeAccept(bytes, own, { id: 9, key: 8 }), 345)
    expect(request.roundTripMs).toBe(45)
    request.write(bytes, 550)
    answer(request, writeAccept(bytes, own, { id: 9, key: 8 }), 551)
    expect(request.roundTripMs).toBe(45)
  })

  it('comes back at once with the first cookie, and with the next ones in its own time', () => {
    const request = requestOf()
    request.write(bytes, 0)
    expect(retry(request)).toBeUndefined()
    expect(request.deadline).toBe(Number.NEGATIVE_INFINITY)
    request.write(bytes, 20)
    expect(bytes.slice(10, 31)).toEqual(Uint8Array.of(...new Array(20).fill(7), 0))
    expect(request.deadline).toBe(270)
    expect(retry(request)).toBeUndefined()
    expect(request.deadline).toBe(270)
  })

  it('is over with the id and key of the peer, or with the reason in words', () => {
    const request = requestOf()
    expect(answer(request, writeAccept(bytes, own, { id: 9, key: 8 }))).toEqual({ peer: { id: 9, key: 8 } })
    for (const [why, text] of [
      [1, /version 1 of the packets/],
      [2, /refused \(2\)/],
    ] as const)
      expect(answer(request, writeRefuse(bytes, own, why))).toEqual({ refused: expect.stringMatching(text) })
  })
})
