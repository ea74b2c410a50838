import { describe, expect, it } from 'vitest'
import { readEarlyPacket, writeAccept, writeHead, writeRefuse } from '../packet/before-connection.ts'
import { packetKind, retrySize } from '../packet/packet-layout.ts'
import { OpeningRequest, type RequestOutcome } from './opening-request.ts'

const own = { id: 0x04030201, key: 0x08070605 }
const bytes = new Uint8Array(1200)

function answer(request: OpeningRequest, end: number): RequestOutcome | undefined {
  return request.answered(bytes, readEarlyPacket(bytes, 0, end)!)
}

function retry(request: OpeningRequest): RequestOutcome | undefined {
  bytes.fill(7, writeHead(bytes, packetKind.retry, own), retrySize)
  return answer(request, retrySize)
}

describe('a request for a connection', () => {
  it('asks again after 250 ms, then half as often each time, and at least every two seconds', () => {
    const request = new OpeningRequest(own, '192.0.2.1', 7)
    const waits: number[] = []
    for (let now = 0; waits.length < 7; now = request.deadline) {
      expect(request.write(bytes, now)).toBe(1200)
      waits.push(request.deadline - now)
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 2000, 2000, 2000])
  })

  it('comes back at once with the first cookie, and with the next ones in its own time', () => {
    const request = new OpeningRequest(own, '192.0.2.1', 7)
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
    const request = new OpeningRequest(own, '192.0.2.1', 7)
    expect(answer(request, writeAccept(bytes, own, { id: 9, key: 8 }))).toEqual({ peer: { id: 9, key: 8 } })
    for (const [why, text] of [
      [1, /version 1 of the packets/],
      [2, /no room/],
      [3, /refused \(3\)/],
    ] as const)
      expect(answer(request, writeRefuse(bytes, own, why))).toEqual({ refused: expect.stringMatching(text) })
  })
})
