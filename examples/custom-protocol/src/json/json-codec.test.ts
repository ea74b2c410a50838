import fc from 'fast-check'
import { MillraceError } from 'millrace'
import { type FrameTarget, undecodable } from 'millrace/extend'
import { describe, expect, it } from 'vitest'
import { JsonCodec } from './json-codec.ts'
import { type JsonLimits, jsonLimits } from './json-fault.ts'

const seed = 20260716

function codec(limits: Partial<JsonLimits> = {}) {
  return new JsonCodec<Record<string, unknown>>({ ...jsonLimits, ...limits })
}

function target(bytes: Uint8Array): FrameTarget {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

/** Writes a body behind some other bytes, as frames do. */
function write(body: unknown, by = codec()): Uint8Array {
  const number = by.keys.number('say')
  const bytes = new Uint8Array(7 + by.sizeBound(number, body))
  const end = by.encode(number, body, target(bytes), 7)
  return bytes.subarray(7, end)
}

function read(bytes: Uint8Array, by = codec()): unknown {
  const framed = new Uint8Array([1, 2, ...bytes, 3])
  return by.decode(by.keys.number('say'), target(framed), 2, 2 + bytes.length)
}

function fault(text: string | Uint8Array, limits: Partial<JsonLimits> = {}): string {
  const by = codec(limits)
  expect(read(typeof text === 'string' ? Buffer.from(text) : text, by)).toBe(undecodable)
  return by.decodeError()
}

describe('JsonCodec', () => {
  it('gives back every body that JSON can hold', () => {
    const bodies = fc
      .jsonValue({ noUnicodeString: false })
      .filter((body) => !JSON.stringify(body).includes('-0'))
    fc.assert(
      fc.property(bodies, (body) => {
        expect(read(write(body))).toEqual(body)
      }),
      { seed },
    )
    expect(read(write(undefined))).toBeUndefined()
    expect(write(undefined)).toHaveLength(0)
    expect(read(write({ a: 1, b: undefined }))).toEqual({ a: 1 })
  })

  it('never says a smaller size than it writes', () => {
    const by = codec()
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const bound = by.sizeBound(0, body)
        expect(by.encode(0, body, target(new Uint8Array(bound)), 0)).toBeLessThanOrEqual(bound)
      }),
      { seed },
    )
  })

  it.each([
    [Number.NaN, /the number NaN/],
    [[1, Number.POSITIVE_INFINITY], /the number Infinity/],
    [[undefined], /it holds undefined/],
    [{ a: () => 1 }, /a function/],
    [{ a: 1n }, /a bigint/],
    [{ a: Symbol('s') }, /a symbol/],
    [new Map(), /a Map/],
    [{ at: new Date(0) }, /a Date/],
    [JSON.parse('{"__proto__":1}'), /'__proto__'/],
  ])('refuses to write what JSON would lose: case %#', (body, text) => {
    expect(() => write(body)).toThrow(MillraceError)
    expect(() => write(body)).toThrow(text)
  })

  it('refuses a circle', () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    expect(() => write(circle)).toThrow(/nested deeper than 32/)
  })

  it.each([
    ['{', /no JSON/],
    ['', undefined],
    ['nul', /no JSON/],
    ['1 2', /no JSON/],
    ['\ufeff1', /no JSON/],
    ["{'a':1}", /no JSON/],
    ['1e999', /the number Infinity/],
    ['{"a":{"__proto__":{"isAdmin":true}}}', /a property named '__proto__'/],
    ['{"\\u005f_proto__":1}', /a property named '__proto__'/],
    ['{"constructor":1}', /a property named 'constructor'/],
  ])('refuses to read %j', (text, expected) => {
    if (expected === undefined) expect(read(Buffer.from(text))).toBeUndefined()
    else expect(fault(text)).toMatch(expected)
  })

  it('refuses what is no UTF-8', () => {
    expect(fault(new Uint8Array([0x22, 0xff, 0x22]))).toMatch(/no JSON in UTF-8/)
    expect(fault(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]))).toMatch(/no JSON in UTF-8/)
  })

  it('keeps its limits, at and over, also where recursion would overflow', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(read(Buffer.from(nested(33)))).toBeDefined()
    expect(fault(nested(34))).toMatch(/depthMax/)
    expect(fault(nested(400_000))).toMatch(/depthMax/)
    expect(read(Buffer.from('[1,2]'), codec({ valueCountMax: 3 }))).toEqual([1, 2])
    expect(fault('[1,2,3]', { valueCountMax: 3 })).toMatch(/valueCountMax/)
  })

  it('answers hostile bytes without an exception', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      'u12',
      '1e9',
      '-',
      'null',
      ' ',
      '__proto__',
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(token, { maxLength: 40 }).map((tokens) => new Uint8Array(Buffer.from(tokens.join('')))),
    )
    const by = codec()
    fc.assert(
      fc.property(bytes, (raw) => {
        const body = read(raw, by)
        if (body === undecodable) expect(by.decodeError()).toContain("message 'say' cannot be read")
      }),
      { seed, numRuns: 1000 },
    )
  })
})
