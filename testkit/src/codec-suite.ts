import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import { type Codec, framed, undecodable } from '@millrace/core'
import { Random } from '@millrace/sim'
import { describe, expect, it } from 'vitest'
import { pair } from './pair.ts'

/** A message that a codec can say. */
export interface Sample {
  readonly key: string
  readonly body: unknown
  /** What arrives, if it isn't equal to what was sent: 0.1 as an f32. */
  readonly arrives?: unknown
}

/** What a codec must refuse. */
export interface HostileSamples {
  /** Bodies that are none, by key: `sizeBound` or `encode` throws. */
  readonly bodies: readonly Sample[]
  /** Bytes that are no body of their key. */
  readonly bytes: readonly { readonly key: string; readonly bytes: readonly number[] }[]
}

/** What every message codec must do. */
export function codecSuite<Messages extends object>(
  name: string,
  makeCodec: () => Codec<Messages>,
  samples: readonly Sample[],
  hostile: HostileSamples,
): void {
  describe(`codec ${name}`, () => {
    const write = (codec: Codec<Messages>, { key, body }: Sample, offset = 0) => {
      const number = codec.keys.number(key)
      const bound = codec.sizeBound(number, body)
      const bytes = new Uint8Array(offset + bound + 16).fill(0xaa)
      const target = { bytes, view: new DataView(bytes.buffer) }
      const end = codec.encode(number, body, target, offset)
      return { number, bound, bytes, view: target.view, end }
    }
    const arrival = (sample: Sample) => ('arrives' in sample ? sample.arrives : sample.body)

    it('reads what it wrote, at any place', () => {
      const codec = makeCodec()
      for (const sample of samples) {
        for (const offset of [0, 1, 7, 1000]) {
          const { number, bytes, view, end } = write(codec, sample, offset)
          expect(codec.decode(number, { bytes, view }, offset, end)).toEqual(arrival(sample))
        }
      }
    })

    it('writes no more than it said, and nothing outside of it', () => {
      const codec = makeCodec()
      for (const sample of samples) {
        const { bound, bytes, end } = write(codec, sample, 5)
        expect(end - 5, sample.key).toBeLessThanOrEqual(bound)
        expect(bytes.subarray(0, 5).every((byte) => byte === 0xaa)).toBe(true)
        expect(bytes.subarray(5 + bound).every((byte) => byte === 0xaa)).toBe(true)
      }
    })

    it('writes the size that it fixed, for every body', () => {
      const codec = makeCodec()
      for (const sample of samples) {
        const { number, end } = write(codec, sample)
        const fixed = codec.fixedSize(number)
        if (fixed !== -1) expect(end, sample.key).toBe(fixed)
        expect(makeCodec().fixedSize(makeCodec().keys.number(sample.key))).toBe(fixed)
      }
    })

    it('has a name and keys that travel', () => {
      const codec = makeCodec()
      expect(new TextEncoder().encode(codec.name).length).toBeLessThan(256)
      expect(codec.name.length).toBeGreaterThan(0)
      if (codec.contract !== undefined) expect(codec.contract.fingerprint).toMatch(/^[0-9a-f]{16}$/)
      expect(makeCodec().contract?.fingerprint).toBe(codec.contract?.fingerprint)
    })

    it('refuses bytes that are too few or too many, without a word thrown', () => {
      const codec = makeCodec()
      for (const sample of samples) {
        const { number, bytes, end } = write(codec, sample)
        for (let cut = 0; cut < Math.min(end, 200); cut++) {
          const part = bytes.slice(0, cut)
          const view = new DataView(part.buffer)
          const body = codec.decode(number, { bytes: part, view }, 0, cut)
          if (body === undecodable) expect(codec.decodeError().length).toBeGreaterThan(0)
        }
        const longer = new Uint8Array([...bytes.subarray(0, end), 0xc1, 0xff, 0xc1])
        const source = { bytes: longer, view: new DataView(longer.buffer) }
        expect(codec.decode(number, source, 0, longer.length), sample.key).toBe(undecodable)
      }
    })

    it('refuses hostile bytes', () => {
      const codec = makeCodec()
      for (const { key, bytes } of hostile.bytes) {
        const source = Uint8Array.from(bytes)
        const number = codec.keys.number(key)
        const body = codec.decode(
          number,
          { bytes: source, view: new DataView(source.buffer) },
          0,
          source.length,
        )
        expect(body, `${key}: ${bytes}`).toBe(undecodable)
        expect(codec.decodeError()).toMatch(/\S/)
      }
    })

    it('never throws on bytes from anywhere, for any number', () => {
      const codec = makeCodec()
      const written = samples.map((sample) => {
        const { number, bytes, end } = write(codec, sample)
        return { number, bytes: bytes.slice(0, end) }
      })
      for (let seed = 1; seed <= 2000; seed++) {
        const random = new Random(seed)
        const base = random.pick(written)
        const bytes = random.chance(0.5) ? random.bytes(random.integer(0, 64)) : base.bytes.slice()
        for (let flips = random.integer(0, 4); flips > 0 && bytes.length > 0; flips--)
          bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255)
        const number = random.chance(0.8) ? base.number : random.integer(-1, 0x3fff)
        const known = codec.keys.kind === 'open' && number >= codec.keys.count ? -1 : number
        const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
        expect(() => codec.decode(known, source, 0, bytes.length), `seed ${seed}`).not.toThrow()
      }
    })

    it('throws a typed error for a body that is none, and leaves no trace of it', async () => {
      const codec = makeCodec()
      const pool = new BlockPool({ checks: 'on' })
      const out = new SegmentBuffer(pool)
      for (const { key, body } of hostile.bodies) {
        const number = codec.keys.number(key)
        const attempt = () => {
          const start = out.reserve(codec.sizeBound(number, body))
          codec.encode(number, body, out, start)
        }
        expect(attempt, `${key}: ${String(body)}`).toThrowError(Error)
        expect(out.size).toBe(0)
      }
      out.release()
      expect(pool.outstanding()).toEqual([])

      const { rig, accepted, opened } = await pair({ protocol: framed(codec) as never })
      const heard: unknown[] = []
      for (const { key } of samples) accepted.onMessage(key, (body) => void heard.push(body))
      for (const { key, body } of hostile.bodies) {
        const message = await Promise.resolve()
          .then(() => opened.send(key, body))
          .catch((error: Error) => error)
        expect(message).toBeInstanceOf(Error)
      }
      opened.send(samples[0].key, samples[0].body)
      await rig.loop.settle()
      expect(heard[0]).toEqual(arrival(samples[0]))
      expect(opened.isOpen).toBe(true)
      await rig.end()
    })
  })
}
