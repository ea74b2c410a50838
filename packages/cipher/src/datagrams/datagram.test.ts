import { describe, expect, it } from 'vitest'
import {
  type Direction,
  directionOf,
  NonceSpy,
  nobleAead,
  nullAead,
  Random,
  stubAead,
} from '../../fuzz/record-rig.ts'
import {
  FORGERY_WARNING_COUNT,
  forgeriesMax,
  PHASE_GAP_MIN_MS,
  PREVIOUS_KEY_KEEP_MS,
} from '../base/limits.ts'
import type { Aead } from '../base/primitives.ts'
import { datagramReceiver } from './datagram.ts'
import { type DatagramDrop, DatagramRecords, type DatagramRecordsOptions } from './datagram-records.ts'

const seed = 20_261_120
console.log(`datagram.test.ts: seed ${seed}`)

class Side {
  readonly records: DatagramRecords

  constructor(states: Direction, options: DatagramRecordsOptions) {
    this.records = new DatagramRecords(states, options, 0)
  }

  seal(text: string, now = 0): Uint8Array {
    const into = new Uint8Array(text.length + 29)
    expect(this.records.seal(Buffer.from(text), 0, text.length, into, 0, now)).toBe(into.length)
    return into
  }

  /** The plaintext, or why there is none. The packet stays as it was. */
  open(packet: Uint8Array, now = 0): string {
    const opened = this.records.open(new Uint8Array(packet), now)
    return typeof opened === 'string' ? opened : `=${Buffer.from(opened).toString()}`
  }
}

function sides(options: Partial<DatagramRecordsOptions> = {}, aead: Aead = nobleAead(), skip?: bigint) {
  const there = directionOf(1, aead)
  const back = directionOf(2, aead)
  if (skip !== undefined) there.send.skipTo(Number(skip >> 32n), Number(skip & 0xffff_ffffn))
  const a = new Side(
    { send: there.send, receive: back.receive },
    { role: 'initiator', ownId: 0xaaaaaaaa, peerId: 0xbb, ...options },
  )
  const b = new Side(
    { send: back.send, receive: there.receive },
    { role: 'responder', ownId: 0xbb, peerId: 0xaaaaaaaa, ...options },
  )
  return { a, b }
}

function total(drops: Readonly<Record<DatagramDrop, number>>): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0)
}

describe('a datagram record', () => {
  it('has the layout of the page', () => {
    const { a } = sides({}, stubAead())
    a.seal('')
    const packet = a.seal('abc')
    expect([...packet.subarray(0, 13)]).toEqual([0x20, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    expect(packet.length).toBe(13 + 3 + 16)
    expect(datagramReceiver(packet)).toBe(0xbb)
    expect(datagramReceiver(packet.subarray(0, 28))).toBeUndefined()
    expect(datagramReceiver(new Uint8Array(64).fill(0x22))).toBeUndefined()
  })

  it.each(['chacha20-poly1305', 'aes-256-gcm'] as const)('comes out of %s once, in any order', (name) => {
    const { a, b } = sides({}, nobleAead(name))
    const packets = ['a', 'b', '', 'd'].map((text) => a.seal(text))
    expect(packets.reverse().map((packet) => b.open(packet))).toEqual(['=d', '=', '=b', '=a'])
    expect(packets.map((packet) => b.open(packet))).toEqual(Array(4).fill('replayed'))
    expect(b.records.drops.replayed).toBe(4)
    expect(a.open(b.seal('back'))).toBe('=back')
  })

  it('is sealed and opened in place', () => {
    const { a, b } = sides()
    const block = new Uint8Array(60)
    block.set(Buffer.from('in place'), 20)
    expect(a.records.seal(block, 20, 28, block, 7, 0)).toBe(7 + 29 + 8)
    const packet = block.subarray(7, 44)
    const text = b.records.open(packet, 0) as Uint8Array
    expect(Buffer.from(text).toString()).toBe('in place')
    expect(text.byteOffset).toBe(20)
    expect(() => a.records.seal(block, 0, 40, block, 0, 0)).toThrow(expect.objectContaining({ code: 'size' }))
  })

  it.each([0n, 2n ** 32n - 2n, 2n ** 53n - 2n, 2n ** 64n - 4n])('counts on from %s', (start) => {
    const { a, b } = sides({}, stubAead(), start)
    for (const text of ['a', 'b', 'c']) expect(b.open(a.seal(text))).toBe(`=${text}`)
    if (start < 2n ** 60n) return
    expect(() => a.seal('2^64-1')).toThrow(expect.objectContaining({ code: 'exhausted' }))
  })

  it('is dropped where the window ends', () => {
    const { a, b } = sides({ replayWindow: 64 })
    const packets = Array.from({ length: 66 }, (_, index) => a.seal(`${index}`))
    expect(b.open(packets[65])).toBe('=65')
    expect(b.open(packets[0])).toBe('too-old')
    expect(b.open(packets[1])).toBe('too-old')
    expect(b.open(packets[2])).toBe('=2')
    expect(b.records.drops).toMatchObject({ 'too-old': 2, forged: 0 })
  })
})

describe('key phases', () => {
  const options = { rekey: { records: 4 } }

  it('change on both sides together, once the peer was heard and the gap is over', () => {
    const { a, b } = sides(options)
    for (let count = 0; count < 5; count++) expect(b.open(a.seal('x'))).toBe('=x')
    expect(a.records.phases).toEqual({ sending: 1, receiving: 0 })
    expect(b.records.phases).toEqual({ sending: 1, receiving: 1 })
    for (let count = 0; count < 9; count++) expect(b.open(a.seal('y', PHASE_GAP_MIN_MS))).toBe('=y')
    expect(a.records.phases.sending).toBe(1)
    expect(a.open(b.seal('heard'))).toBe('=heard')
    expect(a.records.phases).toEqual({ sending: 1, receiving: 1 })
    a.seal('z', PHASE_GAP_MIN_MS - 1)
    expect(a.records.phases.sending).toBe(1)
    expect(b.open(a.seal('z', PHASE_GAP_MIN_MS), PHASE_GAP_MIN_MS)).toBe('=z')
    expect(b.records.phases).toEqual({ sending: 2, receiving: 2 })
  })

  it('are begun by the initiator alone, for what either direction has sealed', () => {
    const { a, b } = sides(options)
    for (let count = 0; count < 20; count++) expect(a.open(b.seal('x'))).toBe('=x')
    expect(b.records.phases).toEqual({ sending: 0, receiving: 0 })
    expect(b.open(a.seal('y'))).toBe('=y')
    expect(b.records.phases).toEqual({ sending: 1, receiving: 1 })
    // A responder that begins all the same.
    const there = directionOf(1)
    const back = directionOf(2)
    const rogue = new Side(
      { send: back.send, receive: there.receive },
      { role: 'initiator', ownId: 0xbb, peerId: 0xaaaaaaaa, rekey: { records: 1 } },
    )
    rogue.seal('x')
    const again = sides()
    expect(again.a.open(rogue.seal('y'))).toBe('early-key')
    expect(again.a.records.phases).toEqual({ sending: 0, receiving: 0 })
  })

  it('keep the key before for 5 s, for what was overtaken', () => {
    const { a, b } = sides(options)
    const packets = Array.from({ length: 6 }, (_, index) => a.seal(`${index}`))
    expect(b.open(packets[5], 100)).toBe('=5')
    expect(b.open(packets[4], 100)).toBe('=4')
    expect(b.open(packets[3], 100)).toBe('=3')
    expect(b.open(packets[2], 99 + PREVIOUS_KEY_KEEP_MS)).toBe('=2')
    expect(b.open(packets[1], 100 + PREVIOUS_KEY_KEEP_MS)).toBe('stale-key')
  })

  it('come no faster than the key before goes, whatever the peer does', () => {
    const { a, b } = sides(options)
    for (let count = 0; count < 5; count++) b.open(a.seal('x'), 0)
    a.open(b.seal('heard'))
    for (let count = 0; count < 4; count++) a.seal('x', PHASE_GAP_MIN_MS)
    const next = a.seal('next', PHASE_GAP_MIN_MS)
    expect(a.records.phases.sending).toBe(2)
    expect(b.open(next, PREVIOUS_KEY_KEEP_MS - 1)).toBe('early-key')
    expect(b.records.phases.receiving).toBe(1)
    expect(b.open(next, PREVIOUS_KEY_KEEP_MS)).toBe('=next')
  })

  it('never drift apart under loss, duplication and reordering', () => {
    const random = new Random(seed)
    for (let run = 0; run < 60; run++) {
      const { a, b } = sides({ rekey: { records: 1 + random.below(30), ageMs: 20_000 } }, stubAead())
      const ways = [
        { from: a, to: b, packets: [] as Uint8Array[] },
        { from: b, to: a, packets: [] as Uint8Array[] },
      ]
      let now = 0
      for (let step = 0; step < 600; step++) {
        now += random.below(300)
        const way = ways[random.below(2)]
        way.packets.push(way.from.seal(`${step}`, now))
        if (random.below(10) < 3) way.packets.pop()
        if (way.packets.length > 4 || random.below(3) === 0) {
          const packet = way.packets.splice(random.below(way.packets.length), 1)[0]
          if (packet === undefined) continue
          expect(['=', 's', 'e', 'r']).toContain(way.to.open(packet, now)[0])
          if (random.below(5) === 0) way.packets.push(packet)
        }
        const difference = a.records.phases.sending - b.records.phases.sending
        expect(Math.abs(difference)).toBeLessThanOrEqual(1)
      }
      for (const { from, to } of ways)
        expect(to.open(from.seal('end', now + 60_000), now + 60_000)).toBe('=end')
      expect(a.records.drops.forged + b.records.drops.forged).toBe(0)
      expect(a.records.phases.sending).toBeGreaterThan(1)
    }
  })

  it('are needed: at the hard end of a key nothing is sealed and nothing is opened', () => {
    const wide = { rekey: { records: 2 ** 22 } }
    const { a } = sides(wide, nullAead('aes-256-gcm'))
    const into = new Uint8Array(29)
    const nothing = new Uint8Array(0)
    let now = 0
    // The first change needs no word of the peer, the second does, and the peer is silent.
    for (let count = 0; count < 2 ** 22 + 2 ** 23; count++)
      a.records.seal(nothing, 0, 0, into, 0, (now += 0.01))
    expect(a.records.phases.sending).toBe(1)
    expect(() => a.seal('', now)).toThrow(expect.objectContaining({ code: 'exhausted' }))
  })
})

describe('adversary', () => {
  const sample = (): { a: Side; b: Side; packet: Uint8Array } => {
    const { a, b } = sides()
    b.open(a.seal('before'), 10)
    return { a, b, packet: a.seal('the plaintext') }
  }

  it('forged packet moves nonce, window or timer: none of them, only a count', () => {
    const { a, b, packet } = sample()
    const forged = packet.slice()
    forged[forged.length - 1] ^= 1
    // Far ahead, which would push everything out of the window.
    const ahead = packet.slice()
    ahead.fill(0xff, 5, 12)
    const phase = packet.slice()
    phase[0] ^= 1
    const answers = [forged, ahead, phase].map((each) => b.open(each, 5000))
    expect(answers).toEqual(['forged', 'forged', 'forged'])
    expect(b.records.heardAt).toBe(10)
    expect(b.records.phases).toEqual({ sending: 0, receiving: 0 })
    expect(b.records.drops.forged).toBe(3)
    expect(b.open(packet, 6000)).toBe('=the plaintext')
    expect(b.records.heardAt).toBe(6000)
    expect(a.open(b.seal('back'), 6000)).toBe('=back')
  })

  it('every bit of a datagram counts: flipped, it is dropped without a word', () => {
    const { b, packet } = sample()
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = packet.slice()
      changed[bit >> 3] ^= 1 << (bit & 7)
      expect(b.open(changed)).toMatch(/^(malformed|other-receiver|forged|replayed)$/)
    }
    for (let size = 0; size < packet.length; size++)
      expect(b.open(packet.subarray(0, size))).toMatch(/^(malformed|forged)$/)
    expect(total(b.records.drops)).toBe(packet.length * 9)
    expect(b.open(packet)).toBe('=the plaintext')
  })

  it('the order of the checks: what is cheap comes first, and the window before the cipher', () => {
    let opens = 0
    const aead = stubAead()
    const counting: Aead = {
      ...aead,
      key: (bytes) => {
        const key = aead.key(bytes)
        return {
          seal: key.seal.bind(key),
          open: (...call) => {
            opens++
            return key.open(...call)
          },
          wipe: key.wipe.bind(key),
        }
      },
    }
    const { a, b } = sides({ replayWindow: 64 }, counting)
    const first = a.seal('first')
    for (let count = 0; count < 64; count++) a.seal('lost')
    const last = a.seal('last')
    b.open(last)
    opens = 0
    const other = last.slice()
    other[1] ^= 1
    const kind = last.slice()
    kind[0] = 0x22
    const never = last.slice()
    never.fill(0xff, 5, 13)
    expect([first, last, other, kind, never, last.subarray(0, 28)].map((packet) => b.open(packet))).toEqual([
      'too-old',
      'replayed',
      'other-receiver',
      'malformed',
      'malformed',
      'malformed',
    ])
    expect(opens).toBe(0)
  })

  it('plaintext before the tag: a forged datagram is not decrypted, not even in its own memory', () => {
    for (const name of ['chacha20-poly1305', 'aes-256-gcm'] as const) {
      const { a, b } = sides({}, nobleAead(name))
      const packet = a.seal('A'.repeat(500))
      packet[packet.length - 1] ^= 1
      expect(b.records.open(packet, 0)).toBe('forged')
      expect(Buffer.from(packet).includes('AAAA')).toBe(false)
    }
  })

  it('reflection: a side drops its own datagrams', () => {
    const { a } = sides({ ownId: 5, peerId: 5 })
    expect(a.open(a.seal('mine'))).toBe('forged')
  })

  it('many forgeries: 2^10 under one key are suspicious, and 2^20 end nothing yet', () => {
    const { a, b } = sides({}, stubAead())
    const forged = a.seal('x')
    forged[forged.length - 1] ^= 1
    const forge = (until: number): void => {
      while (b.records.drops.forged < until) b.records.open(forged, 0)
    }
    forge(FORGERY_WARNING_COUNT - 1)
    expect(b.records.health).toBe('good')
    forge(FORGERY_WARNING_COUNT)
    expect(b.records.health).toBe('suspicious')
    forge(2 ** 20 + 1)
    expect(b.open(a.seal('still here'))).toBe('=still here')
  })

  it('forgeries end the session at the integrity limit of its cipher (RFC 9001, 6.6), over all keys', () => {
    expect(forgeriesMax('aes-256-gcm')).toBe(2 ** 52)
    expect(forgeriesMax('chacha20-poly1305')).toBe(2 ** 36)
    expect(() => forgeriesMax('chacha20-poly1305', 2 ** 36 + 1)).toThrow('forgeriesMax')
    expect(() => sides({ forgeriesMax: 2 ** 52 + 1 })).toThrow('forgeriesMax')
    expect(() => sides({ forgeriesMax: 0 })).toThrow('forgeriesMax')
    expect(() => sides({ forgeries: 5 } as never)).toThrow("no option 'forgeries'")
    const { a, b } = sides({ forgeriesMax: 10, rekey: { records: 1 } }, stubAead())
    let now = 0
    for (let count = 1; count <= 10; count++) {
      expect(b.records.health, `${count}`).toBe('good')
      // Each is followed by a change of the keys, both ways.
      const forged = a.seal('x', now)
      forged[forged.length - 1] ^= 1
      expect(b.records.open(forged, now)).toBe('forged')
      if (count < 10) {
        expect(b.open(a.seal('real', now), now)).toBe('=real')
        expect(a.open(b.seal('real', now), now)).toBe('=real')
      }
      now += PHASE_GAP_MIN_MS
    }
    expect(a.records.phases.receiving).toBeGreaterThan(3)
    expect(b.records.health).toBe('closed')
    expect(b.open(a.seal('y', now), now)).toBe('closed')
    expect(() => b.seal('z')).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  it('nonce after restart: used states make no second session', () => {
    const there = directionOf(1)
    const back = directionOf(2)
    const states = { send: there.send, receive: back.receive }
    new DatagramRecords(states, { role: 'initiator', ownId: 1, peerId: 2 }, 0)
    expect(() => new DatagramRecords(states, { role: 'initiator', ownId: 1, peerId: 2 }, 0)).toThrow(
      expect.objectContaining({ code: 'used' }),
    )
    expect(
      () =>
        new DatagramRecords({ ...states, send: back.send }, { role: 'initiator', ownId: -1, peerId: 2 }, 0),
    ).toThrow('ownId')
  })

  it('a pair of key and nonce never comes twice in long random runs', () => {
    const spy = new NonceSpy()
    const random = new Random(seed)
    const { a, b } = sides({ rekey: { records: 50 } }, spy.watch(stubAead()))
    let now = 0
    for (let step = 0; step < 20_000; step++) {
      now += random.below(100)
      const [from, to] = random.below(2) === 0 ? [a, b] : [b, a]
      const packet = from.seal('x', now)
      if (random.below(4) > 0) to.open(packet, now)
    }
    expect(a.records.phases.sending).toBeGreaterThan(10)
    expect(spy.count).toBeGreaterThan(20_000)
  })
})
