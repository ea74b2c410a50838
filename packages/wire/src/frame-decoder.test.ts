import { BlockPool } from '@millrace/buffer'
import { Random, threeWays } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeMessageEnd, finishFrame, headerSize } from './frame.ts'
import { FrameDecoder } from './frame-decoder.ts'

const limit = 200_000

/** Messages 10 to 19 have the size of ten less than their number, 20 has 300 bytes. */
const fixedSizes = new Int32Array(codeMessageEnd).fill(-1)
for (let number = 10; number < 20; number++) fixedSizes[number] = number - 10
fixedSizes[20] = 300

interface Frame {
  readonly code: number
  readonly body: Uint8Array
}

let pool: BlockPool
let decoders: FrameDecoder[]

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  decoders = []
})

afterEach(() => {
  for (const decoder of decoders) decoder.release()
  expect(pool.outstanding()).toEqual([])
})

function decoderOf(bodySizeMax = limit): FrameDecoder {
  const decoder = new FrameDecoder(pool, bodySizeMax)
  decoder.fixedSizes = fixedSizes
  decoders.push(decoder)
  return decoder
}

function encode({ code, body }: Frame): Uint8Array {
  if (fixedSizes[code] >= 0) return Uint8Array.from([code, ...body])
  const header = headerSize(body.length)
  const bytes = new Uint8Array(header + body.length)
  bytes.set(body, header)
  const view = new DataView(bytes.buffer)
  return bytes.subarray(0, finishFrame({ bytes, view }, 0, code, header, bytes.length))
}

function join(frames: readonly Frame[], trailing: readonly number[] = []): Uint8Array {
  return Buffer.concat([...frames.map(encode), Uint8Array.from(trailing)])
}

function take(decoder: FrameDecoder): Frame[] {
  const frames: Frame[] = []
  while (decoder.next()) {
    const { code, bodyStart, bodyEnd } = decoder
    expect(decoder.view.buffer).toBe(decoder.bytes.buffer)
    expect(decoder.view.byteOffset).toBe(decoder.bytes.byteOffset)
    frames.push({ code, body: decoder.bytes.slice(bodyStart, bodyEnd) })
  }
  return frames
}

function expectSame(found: readonly Frame[], wanted: readonly Frame[], how: string): void {
  expect(
    found.map(({ code, body }) => [code, body.length]),
    how,
  ).toEqual(wanted.map(({ code, body }) => [code, body.length]))
  const isSame = found.every(({ body }, index) => Buffer.compare(body, wanted[index].body) === 0)
  expect(isSame, `${how}: bodies`).toBe(true)
}

function framesOf(sizes: readonly number[], seed: number): Frame[] {
  const random = new Random(seed)
  return sizes.map((size) => ({ code: codeFor(size, random), body: random.bytes(size) }))
}

/** Any code of frames that may have this size. */
function codeFor(size: number, random: Random): number {
  for (;;) {
    const code = random.chance(0.3) ? random.integer(10, 20) : random.integer(0, 255)
    if (code >= codeMessageEnd || fixedSizes[code] === -1 || fixedSizes[code] === size) return code
  }
}

const collections: Record<string, readonly number[]> = {
  'small ones': [0, 1, 2, 3, 4, 5, 0, 0, 60, 255, 256, 1000],
  'empty ones only': [0, 0, 0, 0],
  'around the sizes of headers': [127, 128, 300, 16_383, 16_384, 65_536, 1, 16_384, 128, 0, 127],
  'of fixed sizes': [0, 9, 300, 0, 0, 5, 300, 1],
  'long and short': [3, 150_000, 3, 0, 199_999, 7],
}

describe('FrameDecoder', () => {
  for (const [name, sizes] of Object.entries(collections)) {
    const isLarge = sizes.some((size) => size > 10_000)
    it(`reads ${name} however they are cut, with and without bytes behind them`, () => {
      const frames = framesOf(sizes, sizes.length)
      for (const trailing of [[], [9], [200], [0x92, 0xc0, 0], [20, 1, 2], [0x95, 9, 9]]) {
        const ways = threeWays(join(frames, trailing), 1, isLarge ? 6 : 20)
        for (const { name: how, chunks } of ways) {
          if (chunks.length > 5000 && trailing.length > 0) continue
          for (const pace of ['after each chunk', 'at the end'] as const) {
            if (chunks.length > 5000 && pace === 'at the end') continue
            const decoder = decoderOf()
            const found: Frame[] = []
            for (const chunk of chunks) {
              decoder.receive(chunk)
              if (pace === 'after each chunk') found.push(...take(decoder))
            }
            found.push(...take(decoder))
            expectSame(found, frames, `${how}, ${pace}, ${trailing.length} trailing`)
            expect(decoder.stored).toBe(trailing.length)
            expect(decoder.violation).toBeUndefined()
            decoder.release()
          }
        }
      }
    })
  }

  it('copies what is left of a lent chunk when told to keep it', () => {
    const frames = framesOf([0, 3, 700, 65_536, 5, 40_000, 1], 5)
    for (const { name, chunks } of threeWays(join(frames), 300, 40)) {
      if (chunks.length > 5000) continue
      const random = new Random(chunks.length)
      const decoder = decoderOf()
      const found: Frame[] = []
      for (const chunk of chunks) {
        decoder.receive(chunk)
        // The owner reads now, or only part of it, or later.
        for (let left = random.integer(0, 3); left > 0 && decoder.next(); left--) {
          found.push({ code: decoder.code, body: decoder.bytes.slice(decoder.bodyStart, decoder.bodyEnd) })
        }
        decoder.keep()
        chunk.fill(0xee)
      }
      found.push(...take(decoder))
      expectSame(found, frames, name)
    }
  })

  it('shows whole frames in place, and copies only what is cut', () => {
    const chunk = join(framesOf([10, 20, 30], 3))
    const decoder = decoderOf()
    decoder.receive(chunk)
    while (decoder.next()) expect(decoder.bytes.buffer).toBe(chunk.buffer)
    expect(pool.statistics().takeCount).toBe(0)
  })

  it('takes no memory for a frame before its bytes are there', () => {
    const decoder = decoderOf(1 << 30)
    decoder.receive(Uint8Array.of(0x91, 0xe0, 0, 0, 0))
    expect(decoder.next()).toBe(false)
    for (let count = 0; count < 10; count++) {
      decoder.receive(new Uint8Array(100))
      expect(decoder.next()).toBe(false)
    }
    expect(pool.statistics().liveBytes).toBeLessThan(8192)
    expect(decoder.violation).toBeUndefined()
  })

  for (const bodySizeMax of [0, 1, 100, 127, 128, 16_383, 16_384, 100_000]) {
    it(`accepts a body of ${bodySizeMax} bytes at that limit, and not one byte more`, () => {
      const wanted = [{ code: 0x91, body: new Random(1).bytes(bodySizeMax) }]
      for (const { name, chunks } of threeWays(join(wanted), 1, 5)) {
        const decoder = decoderOf(bodySizeMax)
        for (const chunk of chunks) decoder.receive(chunk)
        expectSame(take(decoder), wanted, name)
        expect(decoder.violation).toBeUndefined()
      }
      for (const { name, chunks } of threeWays(
        encode({ code: 1, body: new Uint8Array(bodySizeMax + 1) }),
        1,
        5,
      )) {
        const decoder = decoderOf(bodySizeMax)
        for (const chunk of chunks) {
          decoder.receive(chunk)
          if (decoder.next()) expect(decoder.bodyEnd, name).toBe('never shown')
        }
        expect(decoder.violation, name).toBe('frame-too-large')
      }
    })
  }

  it('sees that a frame is too large as soon as its header is there', () => {
    const headers = [[20], [1, 11], [0x91, 0x80, 11], [0x91, 0xff, 0xff, 0xff, 0xff]]
    for (const header of headers) {
      const decoder = decoderOf(10)
      for (const byte of header.slice(0, -1)) {
        decoder.receive(Uint8Array.of(byte))
        expect(decoder.next()).toBe(false)
        expect(decoder.violation).toBeUndefined()
      }
      decoder.receive(Uint8Array.of(header.at(-1)!))
      expect(decoder.next()).toBe(false)
      expect(decoder.violation, `${header}`).toBe('frame-too-large')
    }
  })

  it('takes control frames of up to 4,096 bytes however small messages are kept', () => {
    for (const [code, size, isTaken] of [
      [0x84, 4096, true],
      [0x84, 4097, false],
      [0x91, 11, false],
      [0x7f, 11, false],
    ] as const) {
      const decoder = decoderOf(10)
      decoder.receive(encode({ code, body: new Uint8Array(size) }))
      expect(decoder.next(), `${code} of ${size}`).toBe(isTaken)
    }
  })

  it('reads any form of a size', () => {
    const decoder = decoderOf()
    for (const size of [[3], [0x80, 3], [0xc0, 0, 3, 0]]) {
      decoder.receive(Uint8Array.from([1, ...size, 7, 8, 9]))
      expectSame(take(decoder), [{ code: 1, body: Uint8Array.of(7, 8, 9) }], `${size}`)
    }
  })

  it('hands over what lies behind a frame, however it came, kept or not', () => {
    const random = new Random(7)
    const frames = Array.from({ length: 6 }, (_, index) => ({
      code: index,
      body: random.bytes(random.integer(0, 90)),
    }))
    const stream = join(frames, Array.from(random.bytes(40)))
    for (let last = 0; last < frames.length; last++) {
      const wanted = stream.subarray(join(frames.slice(0, last + 1)).length)
      for (let step = 1; step < stream.length; step += 1 + (step >> 3)) {
        for (const isKept of [false, true]) {
          const decoder = decoderOf()
          for (let at = 0; at < stream.length; at += step) {
            decoder.receive(stream.slice(at, at + step))
            if (isKept) decoder.keep()
          }
          for (let index = 0; index <= last; index++) expect(decoder.next()).toBe(true)
          expect(Buffer.concat(decoder.takeRest()).equals(wanted)).toBe(true)
          expect(decoder.stored).toBe(0)
          expect(decoder.next()).toBe(false)
          decoder.receive(encode(frames[0]))
          expectSame(take(decoder), [frames[0]], 'decoded on')
        }
      }
    }
  })

  it('stays violated for good', () => {
    const decoder = decoderOf(10)
    decoder.receive(join([...framesOf([4], 1), { code: 1, body: new Uint8Array(11) }, ...framesOf([3], 3)]))
    expect(decoder.next()).toBe(true)
    expect(decoder.next()).toBe(false)
    decoder.bodySizeMax = 1000
    decoder.receive(join(framesOf([1], 4)))
    for (let count = 0; count < 3; count++) expect(decoder.next()).toBe(false)
    expect(decoder.violation).toBe('frame-too-large')
  })

  it('obeys a limit that changes between frames', () => {
    const decoder = decoderOf(10)
    decoder.receive(encode({ code: 1, body: new Uint8Array(10) }))
    decoder.receive(encode({ code: 1, body: new Uint8Array(500) }))
    expect(decoder.next()).toBe(true)
    decoder.bodySizeMax = 500
    expect(decoder.next()).toBe(true)
    expect(decoder.bodyEnd - decoder.bodyStart).toBe(500)
  })

  it('ignores empty chunks, and counts what many small ones cost', () => {
    const decoder = decoderOf()
    decoder.receive(new Uint8Array(0))
    expect([decoder.stored, decoder.weight]).toEqual([0, 0])
    for (let count = 0; count < 100; count++) decoder.receive(Uint8Array.of(0))
    expect(decoder.stored).toBe(100)
    expect(decoder.weight).toBeGreaterThan(100 * 100)
  })

  it('gives everything back when released, at any byte', () => {
    const bytes = join(framesOf([300, 0, 70_000], 1))
    for (const size of [0, 1, 2, 3, 4, 302, 303, 304, 305, 306, 309, 310, 50_000, bytes.length]) {
      const decoder = decoderOf()
      for (const chunk of new Random(size + 1).cut(bytes.subarray(0, size), 7)) decoder.receive(chunk)
      while (decoder.next());
      decoder.release()
      expect(pool.outstanding()).toEqual([])
      expect(decoder.stored).toBe(0)
      expect(decoder.next()).toBe(false)
    }
  })

  it('never throws on garbage', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed)
      const decoder = decoderOf(random.pick([0, 10, 1000, limit]))
      for (const chunk of random.cut(random.bytes(random.integer(1, 3000)), 200)) {
        decoder.receive(chunk)
        if (random.chance(0.5)) decoder.keep()
        while (decoder.next()) expect(decoder.bodyEnd).toBeLessThanOrEqual(decoder.bytes.length)
      }
      decoder.release()
    }
  })
})
