import { createHmac } from 'node:crypto'
import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { cookieSize } from '../packet/packet-layout.ts'
import { Cookies, cookieLifeMs } from './cookies.ts'

const mac = (secret: Uint8Array, bytes: Uint8Array) => createHmac('sha256', secret).update(bytes).digest()
const peer = { id: 0xdeadbeef, key: 1 }

function fresh(now = 5000) {
  const random = new Random(1)
  const cookies = new Cookies(mac, (size) => random.bytes(size), now)
  const bytes = new Uint8Array(cookieSize + 3)
  const write = (address: string, at: number) => cookies.write(bytes, 3, address, peer, at)
  const isGood = (address: string, at: number, who = peer) => cookies.isGood(bytes, 3, address, who, at)
  return { bytes, write, isGood }
}

describe('a cookie', () => {
  it('is good for its address and peer, as long as it lives and not a millisecond longer', () => {
    const { write, isGood } = fresh()
    expect(write('192.0.2.1 7', 6000)).toBe(cookieSize + 3)
    expect(isGood('192.0.2.1 7', 6000)).toBe(true)
    expect(isGood('192.0.2.1 7', 6000 + cookieLifeMs)).toBe(true)
    expect(isGood('192.0.2.1 7', 6001 + cookieLifeMs)).toBe(false)
    expect(isGood('192.0.2.1 7', 5999)).toBe(false)
  })

  it('is worth nothing at another address or port, and to another peer', () => {
    const { write, isGood } = fresh()
    write('192.0.2.1 7', 6000)
    expect(isGood('192.0.2.1 8', 6000)).toBe(false)
    expect(isGood('192.0.2.2 7', 6000)).toBe(false)
    expect(isGood('192.0.2.1 7', 6000, { ...peer, key: 2 })).toBe(false)
    expect(isGood('192.0.2.1 7', 6000, { ...peer, id: 2 })).toBe(false)
  })

  it('is worth nothing with a bit changed, whichever it is', () => {
    const { bytes, write, isGood } = fresh()
    write('a 1', 6000)
    for (let bit = 0; bit < cookieSize * 8; bit++) {
      bytes[3 + (bit >> 3)] ^= 1 << (bit & 7)
      expect(isGood('a 1', 6000), `bit ${bit}`).toBe(false)
      bytes[3 + (bit >> 3)] ^= 1 << (bit & 7)
    }
    expect(isGood('a 1', 6000)).toBe(true)
  })

  it('outlives one change of the secret, and of two only its own life', () => {
    const { write, isGood } = fresh()
    write('a 1', 5000 + 119_999)
    expect(isGood('a 1', 5000 + 120_001)).toBe(true)
    write('a 1', 5000 + 130_000)
    expect(isGood('a 1', 5000 + 130_001)).toBe(true)
    const late = fresh()
    late.write('a 1', 5000 + 1_000_000)
    expect(late.isGood('a 1', 5000 + 1_000_000)).toBe(true)
  })

  it('of zeros is never good', () => {
    const { isGood } = fresh(0)
    expect(isGood('a 1', 0)).toBe(false)
  })
})
