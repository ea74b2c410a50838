import { Random } from '@millrace/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { goodbyeRoom, writeGoodbye } from './goodbye.ts'
import {
  type Hello,
  HelloCheck,
  helloRoom,
  helloSizeMax,
  messageSizeFloor,
  openDataSizeMax,
  readHello,
  ticketSizeMax,
  writeHello,
} from './hello.ts'
import { varintSizeOf } from './varint.ts'

const sample: Hello = {
  role: 'opened',
  nonce: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  messageSizeMax: 1 << 20,
  codec: 'bits',
  contractVersion: 3,
  fingerprint: '0123456789abcdef',
  data: Uint8Array.of(0xaa, 0xbb),
}

/** Where its fields stand in the body. */
const at = { version: 4, role: 5, messageSize: 14, codec: 31, ticket: 36, data: 37 }

function written(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(helloRoom)
  return bytes.subarray(0, writeHello({ bytes, view: new DataView(bytes.buffer) }, 0, hello))
}

/** The body of a written hello, in memory of its own. */
function bodyOf(hello: Hello): Uint8Array {
  const frame = written(hello)
  return frame.slice(1 + varintSizeOf(frame[1]))
}

function read(body: Uint8Array) {
  return readHello(new DataView(body.buffer, body.byteOffset, body.length), 0, body.length)
}

describe('hello', () => {
  it('has these bytes', () => {
    expect(Buffer.from(written(sample)).toString('hex')).toBe(
      [
        '8029',
        '4d4c5243',
        '02',
        '01',
        '0102030405060708',
        '00001000',
        '03000000',
        '0123456789abcdef',
        '00',
        '0462697473',
        '00',
        '0200aabb',
      ].join(''),
    )
  })

  it('comes back as it was written', () => {
    const hex = fc.integer({ min: 0, max: 0xffffffff }).map((word) => word.toString(16).padStart(8, '0'))
    const hello = fc.record({
      role: fc.constantFrom('opened', 'accepted'),
      nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      messageSizeMax: fc.integer({ min: messageSizeFloor, max: 0xffffffff }),
      codec: fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => Buffer.byteLength(text) <= 255),
      contractVersion: fc.integer({ min: 0, max: 0xffffffff }),
      fingerprint: fc.tuple(hex, hex).map(([high, low]) => high + low),
      data: fc.uint8Array({ maxLength: openDataSizeMax }),
    })
    fc.assert(
      fc.property(hello, (value) => {
        expect(written(value as Hello).length).toBeLessThanOrEqual(helloRoom)
        expect(read(bodyOf(value as Hello))).toEqual(value)
      }),
      { seed: 20, numRuns: 300 },
    )
  })

  it('leaves bytes behind the known fields alone, and a ticket', () => {
    expect(read(Uint8Array.from([...bodyOf(sample), 1, 2, 3]))).toEqual(sample)
    const body = [...bodyOf(sample)]
    body.splice(at.ticket, 1, ticketSizeMax, ...new Array(ticketSizeMax).fill(9))
    expect(read(Uint8Array.from(body))).toEqual(sample)
  })

  it('is refused at every shorter length, without reading beyond it', () => {
    const body = bodyOf(sample)
    for (let end = 0; end < body.length; end++)
      expect(read(body.slice(0, end)), `${end}`).toBe(end < 5 ? 'not-millrace' : 'malformed-hello')
  })

  it('says what is wrong with a hostile one', () => {
    const spoil = (position: number, ...values: number[]) => {
      const body = bodyOf(sample)
      body.set(values, position)
      return read(body)
    }
    expect(spoil(0, 0x6d)).toBe('not-millrace')
    expect(spoil(at.version, 1)).toBe('wire-version')
    expect(spoil(at.version, 0)).toBe('wire-version')
    expect(spoil(at.role, 2)).toBe('malformed-hello')
    expect(spoil(at.messageSize, 0xff, 0x0f, 0, 0)).toBe('message-size')
    expect(spoil(at.messageSize, 0, 0x10, 0, 0)).toMatchObject({ messageSizeMax: messageSizeFloor })
    expect(spoil(at.codec, 255)).toBe('malformed-hello')
    expect(spoil(at.codec + 1, 0xff)).toBe('malformed-hello')
    expect(spoil(at.codec + 1, 0xc0, 0x80)).toBe('malformed-hello')
    expect(spoil(at.ticket, 4)).toBe('malformed-hello')
    expect(spoil(at.data, 3)).toBe('malformed-hello')
  })

  it('is refused for data or a ticket over the limit, although they are there', () => {
    const body = bodyOf({ ...sample, data: new Uint8Array(openDataSizeMax) })
    body[at.data] = 1
    expect(read(Uint8Array.from([...body, 0]))).toBe('malformed-hello')
    const ticket = [...bodyOf(sample)]
    ticket.splice(at.ticket, 1, ticketSizeMax + 1, ...new Array(ticketSizeMax + 1).fill(9))
    expect(read(Uint8Array.from(ticket))).toBe('malformed-hello')
  })

  it('never throws on garbage', () => {
    const random = new Random(77)
    for (let count = 0; count < 2000; count++) {
      const body = random.bytes(random.integer(0, 90))
      if (random.chance(0.5)) body.set(bodyOf(sample).subarray(0, Math.min(6, body.length)))
      const hello = read(body)
      expect(typeof hello === 'string' || hello.data.length <= openDataSizeMax).toBe(true)
    }
  })
})

describe('HelloCheck', () => {
  /** What it says of these bytes, however they come. */
  const judge = (bytes: Uint8Array) => {
    const [whole, single] = [new HelloCheck(), new HelloCheck()]
    whole.hear(bytes)
    for (const byte of bytes) single.hear(Uint8Array.of(byte))
    expect(single.isStranger).toBe(whole.isStranger)
    expect(single.isDone).toBe(whole.isDone)
    return whole.isStranger ? 'stranger' : whole.isDone ? 'fits' : 'undecided'
  }

  it('takes every hello and every goodbye', () => {
    for (const codec of ['', 'bits', 'x'.repeat(255)])
      expect(judge(written({ ...sample, codec }))).toBe('fits')
    const bytes = new Uint8Array(goodbyeRoom)
    const goodbye = { code: 'channel-limit', appCode: 0, text: 'y'.repeat(255) } as const
    const end = writeGoodbye({ bytes, view: new DataView(bytes.buffer) }, 0, goodbye)
    expect(judge(bytes.subarray(0, end))).toBe('fits')
  })

  it('sees other protocols by their first byte', () => {
    const strangers = {
      http: 'GET / HTTP/1.1\r\n',
      tls: '\x16\x03\x01\x02\x00\x01',
      ssh: 'SSH-2.0-OpenSSH',
      redis: '*1\r\n$4\r\nPING\r\n',
      zmtp: '\xff\0\0\0\0\0\0\0\x01\x7f',
      postgres: '\0\0\0\x08\x04\xd2\x16\x2f',
    }
    for (const [name, text] of Object.entries(strangers))
      expect(judge(Buffer.from(text.slice(0, 1), 'latin1')), name).toBe('stranger')
  })

  it('takes a frame of the largest hello, and none that is larger by a byte', () => {
    expect(judge(Uint8Array.of(0x80, 0x80 | (helloSizeMax >> 8), helloSizeMax & 0xff))).toBe('fits')
    expect(judge(Uint8Array.of(0x80, 0x80 | (helloSizeMax >> 8), (helloSizeMax & 0xff) + 1))).toBe('stranger')
    expect(judge(Uint8Array.of(0x80, 0xff, 0xff, 0xff, 0xff))).toBe('stranger')
  })

  it('waits for what decides', () => {
    expect(judge(new Uint8Array(0))).toBe('undecided')
    expect(judge(Uint8Array.of(0x80))).toBe('undecided')
    expect(judge(Uint8Array.of(0x80, 0x90))).toBe('undecided')
  })
})
