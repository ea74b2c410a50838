import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Direction,
  directionOf,
  NonceSpy,
  nobleAead,
  nullAead,
  Random,
  stubAead,
  Target,
} from '../../fuzz/record-rig.ts'
import type { RecordFailure } from './record-opener.ts'
import { RecordOpener, type RecordOpenerOptions } from './record-opener.ts'
import { RecordSealer, type RecordSealerOptions } from './record-sealer.ts'

const seed = 20_261_120
console.log(`record.test.ts: seed ${seed}`)

function streamOf(
  direction: Direction = directionOf(),
  sealing: RecordSealerOptions = {},
  opening: RecordOpenerOptions = {},
) {
  const target = new Target()
  const sealer = new RecordSealer(direction.send, sealing)
  const opener = new RecordOpener(direction.receive, opening)
  const seal = (text: string | Uint8Array, now = 0): Uint8Array => {
    sealer.append(typeof text === 'string' ? Buffer.from(text) : text, target, now)
    return target.take()
  }
  const close = (): Uint8Array => {
    sealer.close(target)
    return target.take()
  }
  const rekey = (): Uint8Array => {
    sealer.rekey(target)
    return target.take()
  }
  return { sealer, opener, seal, close, rekey }
}

/** Everything that comes out of a chunk, copied. */
function read(opener: RecordOpener, chunk: Uint8Array): Buffer {
  const found: Uint8Array[] = []
  opener.receive(new Uint8Array(chunk), 'given')
  for (let text = opener.next(); text !== undefined; text = opener.next()) found.push(text.slice())
  return Buffer.concat(found)
}

function cuts(bytes: Uint8Array, random: Random): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(random.below(4) === 0 ? 40_000 : 60)
    chunks.push(bytes.slice(at, at + size))
    at += size
  }
  return chunks
}

describe('a stream of records', () => {
  it('has the layout of the page', () => {
    const { seal, close, rekey } = streamOf(directionOf(7, stubAead()))
    const data = seal('abc')
    expect([...data.subarray(0, 2)]).toEqual([19, 0])
    expect(data.length).toBe(2 + 3 + 16)
    expect([...rekey().subarray(0, 2)]).toEqual([2, 0])
    const end = close()
    expect([...end.subarray(0, 2)]).toEqual([1, 0])
    expect(end.length).toBe(18)
  })

  it('is a sequence of plain Noise transport messages', () => {
    const { seal } = streamOf()
    const peer = directionOf().receive
    for (const text of ['one', 'two']) {
      const into = new Uint8Array(3)
      expect(peer.open(new Uint8Array(0), seal(text).subarray(2), into)).toBe(true)
      expect(Buffer.from(into).toString()).toBe(text)
    }
  })

  it.each(['chacha20-poly1305', 'aes-256-gcm'] as const)('comes out of %s as it went in', (name) => {
    const { seal, close, opener } = streamOf(directionOf(3, nobleAead(name)))
    const text = new Random(seed).bytes(40_000)
    expect(read(opener, seal(text)).equals(text)).toBe(true)
    expect(read(opener, close()).length).toBe(0)
    expect(opener.state).toBe('closed')
    expect(opener.end()).toBe('closed')
  })

  it('comes whole, byte by byte and in random cuts', () => {
    const drawn = fc.array(fc.nat(40_000), { minLength: 1, maxLength: 5 })
    const check = fc.property(drawn, fc.nat(), fc.boolean(), (sizes, cut, isByByte) => {
      const { seal, close, opener } = streamOf(directionOf(1, stubAead()), {
        rekey: { records: 2 },
        recordSizeMax: 4096,
      })
      const random = new Random(cut)
      const texts = sizes.map((size) => random.bytes(isByByte ? size % 300 : size))
      const bytes = Buffer.concat([...texts.map((text) => seal(text)), close()])
      const chunks = isByByte ? [...bytes].map((byte) => Uint8Array.of(byte)) : cuts(bytes, random)
      const found = Buffer.concat(chunks.map((chunk) => read(opener, chunk)))
      expect(found.equals(Buffer.concat(texts))).toBe(true)
      expect(opener.end()).toBe('closed')
      expect(opener.stored).toBe(0)
    })
    fc.assert(check, { seed, numRuns: 200 })
  })

  it('seals in place, and next to the plaintext, but not over it', () => {
    const { sealer, opener } = streamOf()
    const block = new Uint8Array(100)
    block.set(Buffer.from('in place'), 12)
    expect(sealer.seal(block, 12, 20, block, 10, 0)).toBe(36)
    expect(read(opener, block.subarray(10, 36)).toString()).toBe('in place')
    block.set(Buffer.from('apart'), 0)
    expect(sealer.seal(block, 0, 5, block, 5, 0)).toBe(28)
    expect(read(opener, block.subarray(5, 28)).toString()).toBe('apart')
    for (const at of [0, 1, 2, 4, 5, 14]) {
      expect(() => sealer.seal(block, 5, 15, block, at, 0), `at ${at}`).toThrow('2 bytes before')
    }
    expect(() => sealer.seal(block, 0, 0, block, 50, 0)).toThrow(expect.objectContaining({ code: 'size' }))
    expect(() => sealer.seal(block, 0, 9, block, 90, 0)).toThrow(expect.objectContaining({ code: 'size' }))
    expect(() => sealer.seal(new Uint8Array(70_000), 0, 70_000, block, 0, 0)).toThrow('1 to')
    expect(sealer.state).toBe('open')
  })

  it('gives what lies in a given chunk for ever, and lends what it had to put together', () => {
    const { seal, opener } = streamOf()
    const bytes = Buffer.concat([seal('whole'), seal('cut')])
    const first = new Uint8Array(bytes.subarray(0, 30))
    opener.receive(first, 'given')
    const whole = opener.next()
    expect(opener.ownership).toBe('given')
    expect(whole?.buffer).toBe(first.buffer)
    expect(opener.next()).toBeUndefined()
    opener.receive(new Uint8Array(bytes.subarray(30)), 'given')
    expect(Buffer.from(opener.next() ?? []).toString()).toBe('cut')
    expect(opener.ownership).toBe('lent')
  })

  it('wants a chunk read to its end before the next one', () => {
    const { seal, opener } = streamOf()
    const bytes = Buffer.concat([seal('a'), seal('b')])
    opener.receive(new Uint8Array(bytes), 'given')
    opener.next()
    expect(() => opener.receive(seal('c'), 'given')).toThrow(expect.objectContaining({ code: 'turn' }))
  })

  it('takes no more memory for half a record than twice the bytes at hand and 512', () => {
    const taken: number[] = []
    let live = 0
    const pool = {
      take: (size: number) => {
        taken.push(size)
        live++
        return { bytes: new Uint8Array(size) }
      },
      give: () => {
        live--
      },
    }
    const { seal, opener } = streamOf(directionOf(), { recordSizeMax: 65_535 }, { pool })
    const bytes = seal(new Uint8Array(60_000))
    read(opener, bytes.subarray(0, 2))
    expect(Math.max(...taken)).toBeLessThanOrEqual(2 * 2 + 512)
    expect(opener.stored).toBe(2)
    read(opener, bytes.subarray(2, 10_000))
    expect(Math.max(...taken)).toBeLessThanOrEqual(2 * 10_000 + 512)
    expect(read(opener, bytes.subarray(10_000)).length).toBe(60_000)
    expect(Math.max(...taken)).toBeLessThanOrEqual(65_535)
    read(opener, seal('x'))
    expect(live).toBe(0)
    read(opener, seal('y').subarray(0, 5))
    expect(live).toBe(1)
    opener.release()
    expect(live).toBe(0)
  })
})

describe('the next key', () => {
  const small = { rekey: { records: 3, bytes: 1000, ageMs: 100 } }

  it('is taken after so many records, bytes or milliseconds, on both sides at the same record', () => {
    const { seal, opener, sealer } = streamOf(directionOf(), small)
    for (let count = 0; count < 10; count++)
      expect(read(opener, seal(`${count}`)).toString()).toBe(`${count}`)
    expect([sealer.rekeyCount, opener.rekeyCount]).toEqual([3, 3])
    read(opener, seal(new Uint8Array(1000)))
    read(opener, seal('after 1,000 bytes'))
    expect([sealer.rekeyCount, opener.rekeyCount]).toEqual([4, 4])
    read(opener, seal('too early', 99))
    expect(sealer.rekeyCount).toBe(4)
    read(opener, seal('late', 100))
    expect([sealer.rekeyCount, opener.rekeyCount]).toEqual([5, 5])
    expect(opener.state).toBe('open')
  })

  it('ages from its first record on, not while nothing is said', () => {
    const { seal, sealer } = streamOf(directionOf(), small)
    seal('a', 1_000_000)
    expect(sealer.isRekeyDue(1_000_099)).toBe(false)
    expect(sealer.isRekeyDue(1_000_100)).toBe(true)
    seal('b', 2_000_000)
    expect(sealer.isRekeyDue(2_000_099)).toBe(false)
  })

  it('is followed whatever the other side has set: options need not agree', () => {
    const there = streamOf(directionOf(1, stubAead()), { rekey: { records: 1 } })
    for (let count = 0; count < 50; count++) read(there.opener, there.seal('x'))
    expect(there.opener.rekeyCount).toBe(49)
  })

  it('makes the old one worthless for what follows', () => {
    const { seal, rekey } = streamOf()
    const old = directionOf().receive
    const into = new Uint8Array(1)
    expect(old.open(new Uint8Array(0), seal('a').subarray(2), into)).toBe(true)
    expect(old.open(Uint8Array.of(2, 0), rekey().subarray(2), into)).toBe(true)
    const next = seal('b').subarray(2)
    expect(old.open(new Uint8Array(0), next, into)).toBe(false)
    old.rekey()
    expect(old.open(new Uint8Array(0), next, into)).toBe(true)
  })

  it('is announced once: nothing is written for a key that sealed nothing', () => {
    const { seal, rekey, sealer } = streamOf()
    expect(rekey().length).toBe(0)
    seal('a')
    expect(rekey().length).toBe(18)
    expect(rekey().length).toBe(0)
    expect(sealer.rekeyCount).toBe(1)
  })

  it('may come no later than the table says', () => {
    const { send } = directionOf()
    for (const rekey of [
      { records: 2 ** 32 + 1 },
      { bytes: 2 ** 36 + 1 },
      { ageMs: 600_001 },
      { records: 0 },
    ])
      expect(() => new RecordSealer(send, { rekey })).toThrow(expect.objectContaining({ code: 'option' }))
    const gcm = directionOf(7, nobleAead('aes-256-gcm')).send
    expect(() => new RecordSealer(gcm, { rekey: { records: 2 ** 22 + 1 } })).toThrow('4194304')
    new RecordSealer(send, { rekey: { records: 2 ** 32 } })
  })

  it('is taken by itself after 2^22 records of AES-GCM; without it, 2^23 are the end on both sides', () => {
    const { sealer, opener } = streamOf(directionOf(9, nullAead('aes-256-gcm')))
    const block = new Uint8Array(19)
    const one = Uint8Array.of(1)
    const seal = () => {
      sealer.seal(one, 0, 1, block, 0, 0)
      opener.receive(block, 'lent')
      opener.next()
      opener.next()
    }
    for (let count = 0; count < 2 ** 22; count++) seal()
    expect(sealer.isRekeyDue(0)).toBe(true)
    for (let count = 2 ** 22; count < 2 ** 23; count++) seal()
    expect(() => seal()).toThrow(expect.objectContaining({ code: 'exhausted' }))
    expect(sealer.state).toBe('open')
    expect(opener.state).toBe('open')
    // A peer that goes on all the same.
    const rogue = directionOf(9, nullAead('aes-256-gcm')).send
    rogue.skipTo(0, 2 ** 23)
    block.set([17, 0])
    rogue.seal(new Uint8Array(0), one, block.subarray(2))
    read(opener, block)
    expect(opener.failure).toBe('exhausted')
    // Which a new key would have made good.
    const target = new Target()
    sealer.rekey(target)
    sealer.append(one, target, 0)
    expect(target.take().length).toBe(18 + 19)
  })
})

describe('the end', () => {
  const failures: [RecordFailure, (stream: ReturnType<typeof streamOf>) => Uint8Array][] = [
    ['malformed', () => Uint8Array.of(0, 0)],
    ['malformed', () => Uint8Array.of(3, 0)],
    ['malformed', () => Uint8Array.of(16, 0, ...new Uint8Array(16))],
    ['oversize', () => Uint8Array.of(0xff, 0xff)],
    ['forged', () => Uint8Array.of(17, 0, ...new Uint8Array(17))],
    ['forged', () => Uint8Array.of(1, 0, ...new Uint8Array(16))],
    ['forged', () => Uint8Array.of(2, 0, ...new Uint8Array(16))],
    ['after-close', ({ close }) => Buffer.concat([close(), Uint8Array.of(9)])],
    ['truncated', ({ seal }) => seal('half').subarray(0, 9)],
  ]

  it.each(failures)('is %s', (failure, make) => {
    const stream = streamOf()
    expect(read(stream.opener, make(stream)).length).toBe(0)
    expect(stream.opener.end()).toBe(failure)
    expect(stream.opener.failure).toBe(failure)
    expect(stream.opener.state).toBe('failed')
  })

  it('is final: what follows a failure is not looked at', () => {
    const { seal, opener } = streamOf()
    read(opener, Uint8Array.of(17, 0, ...new Uint8Array(17)))
    expect(read(opener, seal('fine')).length).toBe(0)
    expect(opener.end()).toBe('forged')
    expect(opener.stored).toBe(0)
  })

  it('leaves nothing to seal with', () => {
    const { sealer, close, seal } = streamOf()
    close()
    expect(() => seal('more')).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(() => close()).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(sealer.state).toBe('closed')
  })

  it('refuses a record above its limit by the header alone, and takes one at the limit', () => {
    const { seal, opener } = streamOf(directionOf(), { recordSizeMax: 65_535 }, { recordSizeMax: 2000 })
    expect(read(opener, seal(new Uint8Array(1982))).length).toBe(1982)
    read(opener, seal(new Uint8Array(1983)).subarray(0, 2))
    expect(opener.failure).toBe('oversize')
  })

  it('refuses one key change behind the other, as a peer could have us change for ever', () => {
    const { send, receive } = directionOf()
    const opener = new RecordOpener(receive)
    const first = new Uint8Array(18).fill(2, 0, 1)
    send.seal(first.subarray(0, 2), new Uint8Array(0), first.subarray(2))
    read(opener, first)
    expect(opener.failure).toBe('idle-rekey')
  })

  it('fails the sealer when its cipher throws: the nonce is used, whatever was written', () => {
    const aead = stubAead()
    let isBroken = false
    const breaking = {
      ...aead,
      key: (bytes: Uint8Array) => {
        const key = aead.key(bytes)
        const seal: typeof key.seal = (nonce, ad, text, into) => {
          if (isBroken) throw new Error('out of memory')
          key.seal(nonce, ad, text, into)
        }
        return { seal, open: key.open.bind(key), wipe: key.wipe.bind(key) }
      },
    }
    const { seal, sealer } = streamOf(directionOf(1, breaking))
    isBroken = true
    expect(() => seal('x')).toThrow('out of memory')
    isBroken = false
    expect(sealer.state).toBe('failed')
    expect(() => seal('x')).toThrow(expect.objectContaining({ code: 'failed' }))
  })
})

describe('adversary', () => {
  it('truncation by FIN: a bare end, at any byte, is no orderly one', () => {
    const whole = streamOf(directionOf(1, stubAead()))
    const bytes = Buffer.concat([whole.seal('some'), whole.rekey(), whole.seal('more'), whole.close()])
    for (let size = 0; size < bytes.length; size++) {
      const { opener } = streamOf(directionOf(1, stubAead()))
      read(opener, bytes.subarray(0, size))
      expect(opener.end(), `after ${size} bytes`).toBe('truncated')
    }
  })

  it('plaintext before the tag: no byte of a record comes out while its last one is missing, or wrong', () => {
    for (const name of ['chacha20-poly1305', 'aes-256-gcm'] as const) {
      const { seal, opener } = streamOf(directionOf(1, nobleAead(name)))
      const bytes = seal(new Uint8Array(10_000).fill(0x41))
      const chunk = bytes.slice()
      chunk[chunk.length - 1] ^= 1
      opener.receive(chunk, 'given')
      expect(opener.next()).toBeUndefined()
      expect(opener.failure).toBe('forged')
      // Not in the chunk either, where it would have been decrypted in place.
      expect(Buffer.from(chunk).includes('A'.repeat(16))).toBe(false)
    }
  })

  it('short GCM tag: of a tag nothing may be missing, whatever the header says', () => {
    for (const name of ['chacha20-poly1305', 'aes-256-gcm'] as const) {
      for (let size = 0; size < 16; size++) {
        const { seal, opener } = streamOf(directionOf(1, nobleAead(name)))
        const cut = seal('some plaintext').slice(0, 2 + 14 + size)
        cut[0] = 14 + size
        expect(read(opener, cut).length).toBe(0)
        expect(opener.failure).toMatch(/^(forged|malformed)$/)
      }
    }
  })

  it('any bit flipped, any byte dropped, doubled or put in: nothing but whole true records comes out', () => {
    const texts = ['first record', 'second', 'the third one']
    const make = () => {
      const stream = streamOf(directionOf(1), { rekey: { records: 2 } })
      return { ...stream, bytes: Buffer.concat([...texts.map((text) => stream.seal(text)), stream.close()]) }
    }
    const { length } = make().bytes
    const random = new Random(seed)
    const changes: ((bytes: Buffer, at: number) => Buffer)[] = [
      (bytes, at) => {
        bytes[at] ^= 1 << random.below(8)
        return bytes
      },
      (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
      (bytes, at) => Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)]),
    ]
    for (const change of changes) {
      for (let at = 0; at < length; at++) {
        const { bytes, opener } = make()
        const whole = Buffer.from(bytes)
        const changed = change(bytes, at)
        const found = read(opener, changed).toString()
        const end = opener.end()
        // The same byte doubled or dropped within a run of equal ones, or at the very end.
        if (changed.equals(whole)) continue
        expect(end, `at ${at}`).not.toBe('closed')
        expect(
          texts.map((_, count) => texts.slice(0, count).join('')).concat(texts.join('')),
          `at ${at}`,
        ).toContain(found)
      }
    }
  })

  it('replay and reordering of records: the second copy, or a later one, is forged', () => {
    const { seal, opener } = streamOf()
    const [first, second] = [seal('a'), seal('b')]
    expect(read(opener, first).toString()).toBe('a')
    expect(read(opener, first).length).toBe(0)
    expect(opener.failure).toBe('forged')
    const other = streamOf()
    read(other.opener, second)
    expect(other.opener.failure).toBe('forged')
  })

  it("reflection: a side doesn't take its own records back", () => {
    const out = streamOf(directionOf(1))
    const back = streamOf(directionOf(2))
    read(back.opener, out.seal('mine'))
    expect(back.opener.failure).toBe('forged')
  })

  it('nonce after restart: a used state makes no second sealer or opener, and nothing writes one down', () => {
    const { send, receive } = directionOf()
    const sealer = new RecordSealer(send)
    const opener = new RecordOpener(receive)
    expect(() => new RecordSealer(send)).toThrow(expect.objectContaining({ code: 'used' }))
    expect(() => new RecordOpener(receive)).toThrow(expect.objectContaining({ code: 'used' }))
    // @ts-expect-error: what receives can't send.
    expect(() => new RecordSealer(receive).append(new Uint8Array(1), new Target(), 0)).toThrow()
    for (const machine of [sealer, opener]) {
      expect(JSON.stringify(machine)).not.toMatch(/7,7,7|0707/)
      expect(() => new RecordSealer(structuredClone(machine) as never)).toThrow()
    }
  })

  it('a pair of key and nonce never comes twice in long random runs', () => {
    const spy = new NonceSpy()
    const random = new Random(seed)
    for (let run = 0; run < 40; run++) {
      const aead = spy.watch(stubAead(run % 2 === 0 ? 'chacha20-poly1305' : 'aes-256-gcm'))
      const { seal, rekey, close, opener } = streamOf(directionOf(run + 1, aead), {
        recordSizeMax: 1024,
        rekey: { records: 1 + random.below(9), ageMs: 1 + random.below(500) },
      })
      let now = 0
      for (let step = 0; step < 300; step++) {
        now += random.below(20)
        read(opener, random.below(20) === 0 ? rekey() : seal(new Uint8Array(1 + random.below(5000)), now))
      }
      read(opener, close())
      expect(opener.end()).toBe('closed')
    }
    expect(spy.count).toBeGreaterThan(30_000)
  })

  it('the last nonce is 2^64-2: the next record throws', () => {
    const { send, receive } = directionOf()
    send.skipTo(0xffffffff, 0xfffffffe)
    receive.skipTo(0xffffffff, 0xfffffffe)
    const { seal, opener } = streamOf({ send, receive })
    expect(read(opener, seal('last')).toString()).toBe('last')
    expect(() => seal('none')).toThrow(expect.objectContaining({ code: 'exhausted' }))
  })

  it.each([0xffffffff, 0x1f_ffff])('counts on across halves, from %s', (high) => {
    const { send, receive } = directionOf()
    for (const state of [send, receive]) state.skipTo(high === 0xffffffff ? 0 : high, 0xfffffffd)
    const { seal, opener } = streamOf({ send, receive })
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) expect(read(opener, seal(text)).toString()).toBe(text)
    expect(send.counterHigh).toBe(high === 0xffffffff ? 1 : high + 1)
  })
})
