import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readText, shortTextSizeMax, textSize, writeText, writtenTextSize } from './short-text.ts'

function written(text: string, start = 3): Uint8Array {
  const bytes = new Uint8Array(start + 1 + shortTextSizeMax + 8).fill(0xaa)
  const end = writeText({ bytes, view: new DataView(bytes.buffer) }, start, text)
  expect(bytes.subarray(end).every((byte) => byte === 0xaa)).toBe(true)
  expect(writtenTextSize(new DataView(bytes.buffer), start)).toBe(end - start)
  return bytes.slice(start, end)
}

function read(bytes: readonly number[]): string | undefined {
  const view = new DataView(Uint8Array.from(bytes).buffer)
  return readText(view, 0, bytes.length)
}

const edges = [
  '',
  '\0',
  'a',
  '\x7f',
  '\x80',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  'grüße, 世界 🎈',
]

describe('short text', () => {
  it('writes the edges of UTF-8 and reads them back', () => {
    for (const text of edges) {
      const bytes = written(text)
      expect(Buffer.from(bytes.subarray(1)).equals(Buffer.from(text))).toBe(true)
      expect(bytes[0]).toBe(Buffer.byteLength(text))
      expect(textSize(text)).toBe(Buffer.byteLength(text))
      expect(read([...bytes])).toBe(text)
    }
  })

  it('does so for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(textSize(text)).toBe(Buffer.byteLength(text))
        if (Buffer.byteLength(text) <= shortTextSizeMax) expect(read([...written(text)])).toBe(text)
      }),
      { seed: 31, numRuns: 500 },
    )
  })

  it('has all sizes from 0 to 255 bytes', () => {
    for (let size = 0; size <= shortTextSizeMax; size++) {
      const text = 'x'.repeat(size)
      expect(written(text).length).toBe(1 + size)
      expect(read([...written(text)])).toBe(text)
    }
  })

  it('cuts what is longer at a whole character', () => {
    for (const [character, size] of [
      ['a', 1],
      ['é', 2],
      ['世', 3],
      ['🎈', 4],
    ] as const) {
      for (let before = 0; before < 4; before++) {
        const text = 'x'.repeat(before) + character.repeat(300)
        const kept = before + Math.floor((shortTextSizeMax - before) / size) * size
        const bytes = written(text)
        expect(bytes[0]).toBe(kept)
        expect(text.startsWith(read([...bytes]) as string)).toBe(true)
      }
    }
  })

  it('does not skip a character that is too large for a smaller one behind it', () => {
    const text = `${'x'.repeat(254)}🎈y`
    expect(read([...written(text)])).toBe('x'.repeat(254))
  })

  it('refuses what is not whole or no UTF-8', () => {
    const broken: Record<string, readonly number[]> = {
      nothing: [],
      'a size without bytes': [1],
      'fewer bytes than the size says': [3, 0x61, 0x62],
      'a continuation first': [1, 0x80],
      'a lead at the end': [1, 0xc3],
      'a lead at the end of three': [2, 0xe4, 0xb8],
      'a lead at the end of four': [3, 0xf0, 0x9f, 0x8e],
      'a lead followed by no continuation': [2, 0xc3, 0x41],
      'a character that goes beyond the size': [1, 0xc3, 0xa9],
      'an overlong 2-byte form': [2, 0xc0, 0x80],
      'another overlong 2-byte form': [2, 0xc1, 0xbf],
      'an overlong 3-byte form': [3, 0xe0, 0x80, 0xaf],
      'an overlong 4-byte form': [4, 0xf0, 0x80, 0x80, 0xaf],
      'a high surrogate': [3, 0xed, 0xa0, 0x80],
      'a low surrogate': [3, 0xed, 0xbf, 0xbf],
      'beyond the last character': [4, 0xf4, 0x90, 0x80, 0x80],
      'a lead that never is one': [4, 0xf5, 0x80, 0x80, 0x80],
      'five bytes': [5, 0xf8, 0x88, 0x80, 0x80, 0x80],
      'all ones': [1, 0xff],
    }
    for (const [name, bytes] of Object.entries(broken)) expect(read(bytes), name).toBeUndefined()
  })

  it('agrees with the platform about every text of up to three random bytes', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const bytes = fc.array(fc.integer({ min: 0x70, max: 0xff }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(bytes, (content) => {
        let wanted: string | undefined
        try {
          wanted = decoder.decode(Uint8Array.from(content))
        } catch {
          wanted = undefined
        }
        expect(read([content.length, ...content])).toBe(wanted)
      }),
      { seed: 32, numRuns: 5000 },
    )
  })

  it('turns a lone surrogate into bytes of the size it counts, and never reads it', () => {
    for (const text of ['\ud800', 'a\udfffb', '\ud800\ud800']) {
      expect(written(text).length).toBe(1 + textSize(text))
    }
  })
})
