import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { HandshakeStream, handshakeSizeMax } from './handshake-stream.ts'

const what = 18

describe('the bytes of a handshake', () => {
  it('are heard whatever acknowledgement is told first', () => {
    const stream = new HandshakeStream()
    const packet = new Uint8Array(200)
    expect(stream.isHeard).toBe(true)
    stream.say(new Uint8Array(34))
    stream.fill(packet, 0, 200, [], what)
    stream.say(new Uint8Array(66))
    stream.fill(packet, 0, 200, [], what)
    stream.acked(34, 100)
    expect(stream.isHeard).toBe(false)
    stream.acked(0, 34)
    expect(stream.isHeard).toBe(true)
  })

  it('are bounded', () => {
    const stream = new HandshakeStream()
    expect(stream.say(new Uint8Array(handshakeSizeMax))).toBe(true)
    expect(stream.say(new Uint8Array(1))).toBe(false)
  })

  it.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    'arrive in their order over a bad way, seed %i',
    (seed) => {
      const random = new Random(seed)
      const [near, far] = [new HandshakeStream(), new HandshakeStream()]
      const said: number[] = []
      const heard: number[] = []
      const flying: { readonly packet: Uint8Array; readonly end: number; readonly contents: number[] }[] = []
      for (let step = 0; step < 2000 && !(step > 1000 && near.isHeard); step++) {
        if (step < 50 && random.chance(0.2)) {
          const bytes = random.bytes(random.integer(1, 120))
          near.say(bytes)
          said.push(...bytes)
        }
        if (near.hasPending) {
          const packet = new Uint8Array(100)
          const contents: number[] = []
          const end = near.fill(packet, 0, random.integer(8, 100), contents, what)
          if (end > 0) flying.push({ packet, end, contents })
        }
        if (flying.length === 0) continue
        const [{ packet, end, contents }] = flying.splice(random.integer(0, flying.length - 1), 1)
        const [, from, to] = contents
        if (random.chance(0.3)) {
          near.lost(from)
          continue
        }
        expect(far.receive(packet, 1, end)).toBe(end)
        if (far.isEarly) near.lost(from)
        else {
          heard.push(...far.news)
          near.acked(from, to)
        }
      }
      expect(heard).toEqual(said)
      expect(near.isHeard).toBe(true)
    },
  )
})
