import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { MsgpackExtension, MsgpackReaderOptions } from './index.ts'
import { decode, MsgpackTimestamp, MsgpackWriter } from './index.ts'

interface Vector {
  readonly msgpack: readonly string[]
  readonly [kind: string]: unknown
}

/** An application type that keeps its data as they are, one class for each type number. */
class Opaque {
  readonly type: number
  readonly data: Uint8Array
  constructor(type: number, data: Uint8Array) {
    this.type = type
    this.data = data
  }
}

const file = new URL('../vectors/msgpack-test-suite.json', import.meta.url)
const groups = JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly Vector[]>
const extensions: MsgpackExtension[] = [1, 2, 3, 4, 5, 6, 7].map((type) => ({
  type,
  matches: (value) => value instanceof Opaque && value.type === type,
  encode: (value) => (value as Opaque).data,
  decode: (data) => new Opaque(type, data),
}))
const writer = new MsgpackWriter({ extensions })
const exact: MsgpackReaderOptions = { timestamps: 'exact', extensions }

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(hex === '' ? [] : hex.split('-').map((byte) => Number.parseInt(byte, 16)))
}

function expected(vector: Vector): unknown {
  if (typeof vector.binary === 'string') return fromHex(vector.binary)
  if (typeof vector.bignum === 'string') {
    const number = Number(vector.bignum)
    return Number.isSafeInteger(number) ? number : BigInt(vector.bignum)
  }
  if (Array.isArray(vector.timestamp)) return new MsgpackTimestamp(vector.timestamp[0], vector.timestamp[1])
  if (Array.isArray(vector.ext)) return new Opaque(vector.ext[0], fromHex(vector.ext[1]))
  const kind = Object.keys(vector).find((key) => key !== 'msgpack')
  return kind === undefined ? undefined : vector[kind]
}

/** The shortest forms; whole numbers travel as integers even where a 32-bit float would be shorter. */
function shortest({ msgpack, number }: Vector): readonly string[] {
  const forms = msgpack.filter((form) => !(Number.isInteger(number) && /^c[ab]-/.test(form)))
  const min = Math.min(...forms.map(({ length }) => length))
  return forms.filter(({ length }) => length === min).map((form) => form.replaceAll('-', ''))
}

describe('msgpack-test-suite', () => {
  it('has 85 values in 233 encodings', () => {
    const vectors = Object.values(groups).flat()
    expect(vectors.length).toBe(85)
    expect(vectors.flatMap(({ msgpack }) => msgpack).length).toBe(233)
  })

  for (const [name, vectors] of Object.entries(groups)) {
    it(`${name}: every encoding is read, the shortest is written`, () => {
      for (const vector of vectors) {
        const value = expected(vector)
        for (const form of vector.msgpack) expect(decode(fromHex(form), exact), form).toEqual(value)
        expect(shortest(vector)).toContain(Buffer.from(writer.encode(value)).toString('hex'))
        expect(writer.measure(value)).toBe(shortest(vector)[0].length / 2)
      }
    })
  }

  it('timestamps become dates, rounded down to the millisecond', () => {
    for (const { timestamp, msgpack } of groups['50.timestamp.yaml']) {
      const [seconds, nanoseconds] = timestamp as [number, number]
      for (const form of msgpack) {
        expect(decode(fromHex(form))).toEqual(new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6)))
      }
    }
  })
})
