import { Random } from '@millrace/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerSize } from './frame.ts'
import { writeGoodbye } from './goodbye.ts'
import { type Hello, helloRoom, helloSizeMax, helloTag, mayBeHello, readHello, writeHello } from './hello.ts'

const sample: Hello = {
  messageSizeMax: 1 << 20,
  codec: 'bits',
  contractVersion: 3,
  fingerprint: '0123456789abcdef',
}

function written(hello: Hello): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(helloRoom)
  const end = writeHello({ bytes, view: new DataView(bytes.buffer) }, 0, hello)
  return { bytes: bytes.subarray(0, end), view: new DataView(bytes.buffer, 0, end) }
}

describe('hello', () => {
  it('has these bytes', () => {
    expect(Buffer.from(written(sample).bytes).toString('hex')).toBe(
      ['1a00', '01c0', '4d4c5243', '01', '00001000', '03000000', '0123456789abcdef', '04', '62697473'].join(
        '',
      ),
    )
  })

  it('comes back as it was written', () => {
    const hex = fc.integer({ min: 0, max: 0xffffffff }).map((word) => word.toString(16).padStart(8, '0'))
    const hello = fc.record({
      messageSizeMax: fc.integer({ min: 0, max: 0xffffffff }),
      codec: fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => Buffer.byteLength(text) <= 255),
      contractVersion: fc.integer({ min: 0, max: 0xffffffff }),
      fingerprint: fc.tuple(hex, hex).map(([high, low]) => high + low),
    })
    fc.assert(
      fc.property(hello, (value) => {
        const { bytes, view } = written(value)
        expect(view.getUint16(2, true)).toBe(helloTag)
        expect(bytes.length).toBeLessThanOrEqual(helloRoom)
        expect(readHello(view, headerSize, bytes.length)).toEqual(value)
      }),
      { seed: 20, numRuns: 300 },
    )
  })

  it('leaves bytes behind the known fields alone', () => {
    const { bytes } = written(sample)
    const longer = Uint8Array.from([...bytes, 1, 2, 3])
    expect(readHello(new DataView(longer.buffer), headerSize, longer.length)).toEqual(sample)
  })

  it('is refused at every shorter length, without reading beyond it', () => {
    const { bytes } = written(sample)
    for (let end = headerSize; end < bytes.length; end++) {
      const cut = bytes.slice(0, end)
      const read = readHello(new DataView(cut.buffer), headerSize, end)
      expect(read, `${end}`).toBe(end - headerSize < 5 ? 'not-millrace' : 'malformed-hello')
    }
  })

  it('says what is wrong with a hostile one', () => {
    const spoil = (at: number, ...values: number[]) => {
      const bytes = written(sample).bytes.slice()
      bytes.set(values, at)
      return readHello(new DataView(bytes.buffer), headerSize, bytes.length)
    }
    expect(spoil(headerSize, 0x6d)).toBe('not-millrace')
    expect(spoil(headerSize + 4, 2)).toBe('wire-version')
    expect(spoil(headerSize + 4, 0)).toBe('wire-version')
    expect(spoil(headerSize + 21, 5)).toBe('malformed-hello')
    expect(spoil(headerSize + 21, 255)).toBe('malformed-hello')
    expect(spoil(headerSize + 22, 0xff)).toBe('malformed-hello')
    expect(spoil(headerSize + 22, 0xc0, 0x80)).toBe('malformed-hello')
  })

  it('never throws on garbage', () => {
    const random = new Random(77)
    for (let count = 0; count < 2000; count++) {
      const bytes = random.bytes(random.integer(0, 60))
      if (random.chance(0.5))
        bytes.set(
          written(sample)
            .bytes.subarray(headerSize, headerSize + 5)
            .slice(0, bytes.length),
        )
      const read = readHello(new DataView(bytes.buffer), 0, bytes.length)
      expect(typeof read === 'string' || read.codec.length <= 255).toBe(true)
    }
  })
})

describe('mayBeHello', () => {
  const hears = (bytes: readonly number[]) => {
    for (let heard = 0; heard < bytes.length; heard++)
      if (!mayBeHello(Uint8Array.of(bytes[heard]), heard)) return heard
    return mayBeHello(Uint8Array.from(bytes), 0) ? 'fits' : 'fits only byte by byte'
  }

  it('takes every hello and every goodbye', () => {
    for (const codec of ['', 'bits', 'x'.repeat(255)])
      expect(hears([...written({ ...sample, codec }).bytes])).toBe('fits')
    const bytes = new Uint8Array(300)
    const end = writeGoodbye({ bytes, view: new DataView(bytes.buffer) }, 0, {
      code: 'channel-limit',
      text: 'y'.repeat(255),
    })
    expect(hears([...bytes.subarray(0, end)])).toBe('fits')
  })

  it('sees other protocols by their first four bytes', () => {
    const strangers = {
      http: 'GET / HTTP/1.1\r\n',
      tls: '\x16\x03\x01\x02\x00\x01',
      ssh: 'SSH-2.0-OpenSSH',
      redis: '*1\r\n$4\r\nPING\r\n',
      zmtp: '\xff\0\0\0\0\0\0\0\x01\x7f',
      postgres: '\0\0\0\x08\x04\xd2\x16\x2f',
    }
    for (const [name, text] of Object.entries(strangers)) {
      const bytes = Buffer.from(text, 'latin1')
      expect(mayBeHello(bytes, 0), name).toBe(false)
      expect(hears([...bytes.subarray(0, 4)]), name).toBeTypeOf('number')
    }
  })

  it('takes a frame of the largest hello, and none that is larger by a page', () => {
    expect(mayBeHello(Uint8Array.of(helloSizeMax & 0xff, helloSizeMax >> 8, 1, 0xc0), 0)).toBe(true)
    expect(mayBeHello(Uint8Array.of(0, (helloSizeMax >> 8) + 1, 1, 0xc0), 0)).toBe(false)
  })

  it('has no opinion on what comes later', () => {
    expect(mayBeHello(Uint8Array.of(9, 9, 9, 9), headerSize)).toBe(true)
    expect(mayBeHello(new Uint8Array(0), 0)).toBe(true)
  })
})
