import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { decode, encode, MsgpackReader } from './index.ts'
import { NATIVE_SIZE_MIN } from './native-text.ts'
import { Utf8Reader } from './utf8.ts'

const SEED = 20_261_127
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function wanted(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

const piece = fc.oneof(
  fc.constantFrom('', 'a', '\u0000', '\ufeff', 'é', '漢', '\u{1f600}', '\u{10ffff}', '\ufffd', '\uffff'),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
)
/** What isn't UTF-8: halves of characters, overlong forms, surrogates, what is above U+10FFFF. */
const wrong = fc.constantFrom(
  ...['80', 'bf', 'c080', 'c1bf', 'c2', 'e0', 'e282', 'e09fbf', 'eda080', 'edbfbf', 'f09f98', 'f08fbfbf'],
  ...['f4908080', 'f5', 'f8888080', 'fe', 'ff', 'efbb', 'c3c3a9', 'e28228'],
)

describe.each(['with', 'without'])(`UTF-8 %s a TextDecoder of the platform, seed ${SEED}`, (which) => {
  beforeEach(() => {
    if (which === 'without') vi.stubGlobal('TextDecoder', undefined)
  })
  afterEach(() => void vi.unstubAllGlobals())

  it.each(['text', 'no text'])('is read and refused as a strict TextDecoder does: %s', (kind) => {
    const reader = new Utf8Reader()
    const outcomes = { read: 0, refused: 0 }
    fc.assert(
      fc.property(
        fc.nat(150),
        fc.array(piece, { maxLength: 6 }),
        wrong,
        fc.nat(90),
        (ascii, pieces, hex, rest) => {
          const bytes = Buffer.concat([
            Buffer.alloc(ascii, 0x61),
            Buffer.from(pieces.join('')),
            Buffer.from(kind === 'text' ? '' : hex, 'hex'),
            Buffer.alloc(rest, 0x62),
          ])
          const text = wanted(bytes)
          outcomes[text === undefined ? 'refused' : 'read']++
          expect(reader.read(bytes, 0, bytes.length)).toBe(text)
          const placed = Buffer.concat([Buffer.from([0xff]), bytes, Buffer.from([0x80])])
          expect(reader.read(placed, 1, 1 + bytes.length)).toBe(text)
        },
      ),
      { seed: SEED, numRuns: 10_000 },
    )
    expect(outcomes[kind === 'text' ? 'read' : 'refused']).toBeGreaterThan(9000)
  })

  it('is the same at every length around the change of readers, as a value and as a key', () => {
    for (const unit of ['a', 'ä', '€', '\u{1f600}', '\u0000', '\ufeff'])
      for (let length = NATIVE_SIZE_MIN - 8; length < NATIVE_SIZE_MIN + 8; length++)
        for (const text of [
          unit.repeat(length),
          `${'x'.repeat(length)}${unit}`,
          `${unit}${'x'.repeat(length)}`,
        ])
          expect(decode(encode({ [text]: text }))).toEqual({ [text]: text })
  })

  it('is refused at its place, whatever its length', () => {
    for (const length of [10, NATIVE_SIZE_MIN, 5000]) {
      const bytes = encode(['fine', 'x'.repeat(length)])
      bytes[bytes.length - 1] = 0xc3
      const reader = new MsgpackReader()
      reader.read(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length)
      expect([reader.error, reader.position]).toEqual(['bad-text', 6])
    }
  })

  it('is read from shared memory', () => {
    const encoded = new TextEncoder().encode('aé漢'.repeat(100))
    const bytes = new Uint8Array(new SharedArrayBuffer(encoded.length))
    bytes.set(encoded)
    expect(new Utf8Reader().read(bytes, 0, bytes.length)).toBe('aé漢'.repeat(100))
  })
})

describe('a replacement of TextDecoder', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  const text = 'é'.repeat(100)
  const bytes = new TextEncoder().encode(`\ufeff${text}`)

  it('that has no such options is not used', async () => {
    vi.resetModules()
    const Decoder = class {
      constructor() {
        throw new RangeError('fatal is unsupported')
      }
    }
    vi.stubGlobal('TextDecoder', Decoder)
    const { readNatively } = await import('./native-text.ts')
    expect(readNatively(bytes, 0, bytes.length)).toBe(undefined)
    const { Utf8Reader: Reader } = await import('./utf8.ts')
    expect(new Reader().read(bytes, 0, bytes.length)).toBe(`\ufeff${text}`)
    expect(new Reader().read(bytes, 0, bytes.length - 1)).toBe(undefined)
  })

  it('that refuses shared memory leaves it to the own reader', async () => {
    vi.resetModules()
    const Decoder = class {
      decode(given: Uint8Array): string {
        if (given.length > 3) throw new TypeError('must not be shared')
        return strict.decode(given)
      }
    }
    vi.stubGlobal('TextDecoder', Decoder)
    const { readNatively } = await import('./native-text.ts')
    expect(readNatively(bytes, 0, 3)).toBe('\ufeff')
    const { Utf8Reader: Reader } = await import('./utf8.ts')
    expect(new Reader().read(bytes, 0, bytes.length)).toBe(`\ufeff${text}`)
  })
})
