import { describe, expect, it } from 'vitest'
import { PathCheck } from './path-check.ts'

const challenge = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const check = () => new PathCheck('192.0.2.9', 4444, () => challenge, 1000)

describe('another address of a peer', () => {
  it('is on trial for three seconds', () => {
    const one = check()
    expect([one.isOver(3999), one.isOver(4000)]).toEqual([false, true])
    expect([one.isOf('192.0.2.9', 4444), one.isOf('192.0.2.9', 4445)]).toEqual([true, false])
  })

  it('is challenged again after 300 ms, and only for what it has paid', () => {
    const one = check()
    expect(one.maySend(48, 1000)).toBe(false)
    one.received(47)
    expect(one.maySend(48, 1000)).toBe(false)
    one.received(100)
    expect([one.maySend(48, 1000), one.maySend(48, 1299), one.maySend(48, 1300)]).toEqual([true, false, true])
    expect([one.maySend(48, 1600), one.maySend(48, 1900)]).toEqual([true, false])
  })

  it('is proven by the same eight bytes alone', () => {
    const one = check()
    expect(one.isAnswer(Uint8Array.of(0, ...challenge), 1)).toBe(true)
    for (let at = 0; at < 8; at++) {
      const wrong = challenge.slice()
      wrong[at] ^= 1
      expect(one.isAnswer(wrong, 0)).toBe(false)
    }
  })
})
