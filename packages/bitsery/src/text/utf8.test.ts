import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { text } from '../index.ts'
import { readOwnText, readText, unrolledReadText, utf8Size, writeUtf8 } from './utf8.ts'

const SEED = 8
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function wanted(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

describe.each(['with', 'without'])(`UTF-8 %s a TextDecoder of the platform, seed ${SEED}`, (which) => {
  beforeEach(() => {
    if (which === 'without') vi.stubGlobal('TextDecoder', undefined)
  })
  afterEach(() => void vi.unstubAllGlobals())

  it('reads and refuses as a strict TextDecoder does', () => {
    // Bytes that are often at the edges of what is legal.
    const byte = fc.oneof(
      fc.constantFrom(
        0x00,
        0x41,
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xe1,
        0xed,
        0xef,
      ),
      fc.constantFrom(0xf0, 0xf1, 0xf4, 0xf5, 0xff),
      fc.integer({ min: 0, max: 255 }),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), fc.nat(90), fc.nat(20), (tail, ascii, behind) => {
        const letters = (count: number) => new Array<number>(count).fill(0x61)
        const bytes = Uint8Array.from([...letters(ascii), ...tail, ...letters(behind)])
        const text = wanted(bytes)
        expect(readText(bytes, 0, bytes.length)).toBe(text)
        expect(readOwnText(bytes, 0, bytes.length)).toBe(text)
        expect(unrolledReadText()(bytes, 0, bytes.length)).toBe(text)
      }),
      { seed: SEED, numRuns: 20_000 },
    )
  })

  it('reads a part of what it is given, at every length, and from any kind of memory', () => {
    const text = 'ab\u0000ä€😀\ufeff'.repeat(120)
    const encoded = new TextEncoder().encode(text)
    const shared = new Uint8Array(new SharedArrayBuffer(encoded.length))
    shared.set(encoded)
    for (const bytes of [encoded, Buffer.from(encoded), shared])
      for (let end = 0; end <= 400; end++) {
        const part = wanted(encoded.slice(3, end))
        const size = Math.max(0, end - 3)
        expect(readText(bytes, 3, size)).toBe(part)
        expect(unrolledReadText()(bytes, 3, size)).toBe(part)
      }
    expect(readText(encoded, 0, encoded.length)).toBe(text)
  })

  it('gives what TextEncoder gives, at every length around the cuts', () => {
    const encoder = new TextEncoder()
    for (const unit of ['a', 'ä', '€', '😀', '\u0000', '\uffff']) {
      for (let length = 0; length < 70; length++) {
        for (const value of [
          unit.repeat(length),
          `${'x'.repeat(length)}${unit}`,
          `${unit}${'x'.repeat(length)}`,
        ]) {
          const bytes = encoder.encode(value)
          const mine = new Uint8Array(bytes.length)
          expect(utf8Size(value)).toBe(bytes.length)
          expect(writeUtf8(mine, 0, value)).toBe(bytes.length)
          expect(mine).toEqual(bytes)
          expect(readText(bytes, 0, bytes.length)).toBe(value)
          expect(unrolledReadText()(bytes, 0, bytes.length)).toBe(value)
        }
      }
    }
  })

  it('refuses lone surrogates when writing', () => {
    for (const bad of ['\ud800', 'a\udc00', '\ud800a', '\udc00\ud800']) {
      expect(() => text(90).encode(bad)).toThrow('wanted well-formed text, got a lone surrogate')
      expect(() => text(90, { charSize: 4 }).encode(bad)).toThrow('lone surrogate')
      const wide = text(90, { charSize: 2 })
      expect(wide.decode(wide.encode(bad))).toMatchObject({ ok: true, value: bad })
    }
  })

  it('gives units that are no text only where the schema says so', () => {
    const bytes = Uint8Array.from([3, 0xff, 0x00, 0xfe])
    expect(text(9).decode(bytes)).toMatchObject({ ok: false, error: 'InvalidData', position: 0 })
    const raw = text(9, { invalid: 'raw' })
    const result = raw.decode(bytes)
    expect(result).toMatchObject({ ok: true, value: Uint8Array.from([0xff, 0x00, 0xfe]) })
    if (result.ok) expect(raw.encode(result.value)).toEqual(bytes)
    expect(raw.decode(Uint8Array.from([1, 0x61]))).toMatchObject({ ok: true, value: 'a' })
    const wide = text(9, { charSize: 4, invalid: 'raw' })
    const surrogate = Uint8Array.from([1, 0x00, 0xd8, 0, 0])
    expect(text(9, { charSize: 4 }).decode(surrogate)).toMatchObject({ ok: false, error: 'InvalidData' })
    expect(wide.decode(surrogate)).toMatchObject({ ok: true, value: Uint32Array.of(0xd800) })
    expect(wide.encode(Uint32Array.of(0xd800))).toEqual(surrogate)
  })
})
