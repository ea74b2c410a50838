import { describe, expect, it } from 'vitest'
import { decode, encode, MsgpackError, MsgpackReader, MsgpackTimestamp, MsgpackWriter } from './index.ts'

const mapWriter = new MsgpackWriter({ maps: 'map' })

function hexOf(value: unknown, writer = new MsgpackWriter()): string {
  return Buffer.from(writer.encode(value)).toString('hex')
}

function failure(run: () => unknown): MsgpackError {
  try {
    run()
  } catch (error) {
    if (error instanceof MsgpackError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('MsgpackWriter', () => {
  it('writes numbers in the shortest form that keeps them', () => {
    const forms: [number | bigint, string][] = [
      [127, '7f'],
      [128, 'cc80'],
      [256, 'cd0100'],
      [65_536, 'ce00010000'],
      [2 ** 32 - 1, 'ceffffffff'],
      [2 ** 32, 'cf0000000100000000'],
      [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
      [2 ** 53, 'ca5a000000'],
      [-32, 'e0'],
      [-33, 'd0df'],
      [-129, 'd1ff7f'],
      [-32_769, 'd2ffff7fff'],
      [-(2 ** 31) - 1, 'd3ffffffff7fffffff'],
      [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'],
      [-0, 'ca80000000'],
      [0.5, 'ca3f000000'],
      [0.1, 'cb3fb999999999999a'],
      [Number.NaN, 'ca7fc00000'],
      [Number.NEGATIVE_INFINITY, 'caff800000'],
      [5n, '05'],
      [2n ** 64n - 1n, 'cfffffffffffffffff'],
      [-(2n ** 63n), 'd38000000000000000'],
    ]
    for (const [value, hex] of forms) expect(hexOf(value), String(value)).toBe(hex)
  })

  it('writes text of every head size', () => {
    for (const size of [0, 31, 32, 255, 256, 65_535, 65_536]) {
      for (const letter of ['a', 'é', '€', '🍺']) {
        const text = letter.repeat(size)
        const bytes = encode(text)
        expect(decode(bytes)).toBe(text)
        expect(new MsgpackWriter().measure(text)).toBe(bytes.length)
      }
    }
  })

  it('skips undefined properties, writes undefined elsewhere as nil', () => {
    expect(hexOf({ a: undefined, b: 1 })).toBe('81a16201')
    expect(hexOf([undefined, null])).toBe('92c0c0')
    expect(hexOf(undefined)).toBe('c0')
    const sparse = Object.fromEntries(
      Array.from({ length: 20 }, (_, key) => [`k${key}`, key < 5 ? undefined : key]),
    )
    expect(encode(sparse)[0]).toBe(0x8f)
    expect(new MsgpackWriter().measure(sparse)).toBe(encode(sparse).length)
  })

  it('writes own properties only, from any plain object', () => {
    expect(hexOf(Object.assign(Object.create(null), { a: 1 }))).toBe('81a16101')
    expect(encode(decode(encode({ a: { b: 1 } })))).toEqual(encode({ a: { b: 1 } }))
    Object.defineProperty(Object.prototype, 'polluted', {
      value: 1,
      enumerable: true,
      configurable: true,
      writable: true,
    })
    try {
      expect(hexOf({ a: 1 })).toBe('81a16101')
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted')
    }
  })

  it('writes Map, Date, Uint8Array and timestamps', () => {
    expect(
      hexOf(
        new Map<unknown, unknown>([
          [1, 'a'],
          [null, 2],
          ['b', undefined],
        ]),
        mapWriter,
      ),
    ).toBe('8201a161c002')
    expect(hexOf(new Map([['a', 1]]))).toBe('81a16101')
    expect(hexOf(Buffer.from([1, 2]))).toBe('c4020102')
    expect(decode(encode(new Date(-1)))).toEqual(new Date(-1))
    expect(decode(encode(new Date(8.64e15)))).toEqual(new Date(8.64e15))
    expect(decode(encode(new MsgpackTimestamp(-5, 1)), { timestamps: 'exact' })).toEqual(
      new MsgpackTimestamp(-5, 1),
    )
    for (const size of [0, 255, 256, 65_536])
      expect(decode(encode(new Uint8Array(size)))).toEqual(new Uint8Array(size))
  })

  it('names code and path of what cannot be written', () => {
    class Player {
      toJSON() {
        return {}
      }
    }
    const cases: [unknown, string, string][] = [
      [{ players: [1, { name: () => 1 }] }, 'unsupported-value', 'players[1].name'],
      [{ 'a b': Symbol('x') }, 'unsupported-value', '["a b"]'],
      [[new Player()], 'unsupported-value', '[0]'],
      [{ f: new Float32Array(1) }, 'unsupported-value', 'f'],
      [new Set(), 'unsupported-value', ''],
      [{ n: 2n ** 64n }, 'integer-out-of-range', 'n'],
      [{ n: -(2n ** 63n) - 1n }, 'integer-out-of-range', 'n'],
      [{ t: '\ud800' }, 'bad-text', 't'],
      [{ t: '\udc00x' }, 'bad-text', 't'],
      [{ d: new Date(Number.NaN) }, 'bad-timestamp', 'd'],
      [{ d: new MsgpackTimestamp(0, 1e9) }, 'bad-timestamp', 'd'],
      [{ d: new MsgpackTimestamp(8.64e12, 1_000_000) }, 'bad-timestamp', 'd'],
      [new Map([['m', new Map([[{}, 1]])]]), 'bad-key', 'm'],
      [{ scores: new Map([[7, 100]]) }, 'bad-key', 'scores'],
      [{ o: { constructor: 1 } }, 'forbidden-key', 'o'],
      [{ o: JSON.parse('{"__proto__":1}') }, 'forbidden-key', 'o'],
    ]
    const target = { bytes: new Uint8Array(99), view: new DataView(new ArrayBuffer(99)) }
    const writer = new MsgpackWriter()
    for (const [value, code, path] of cases) {
      for (const run of [
        () => encode(value),
        () => writer.measure(value),
        () => writer.write(value, target, 0),
      ]) {
        const error = failure(run)
        expect([error.code, error.path, error.offset]).toEqual([code, path, -1])
      }
    }
  })

  it('says which map key it refused, and which option takes it', () => {
    expect(failure(() => encode(new Map([[7, 100]]))).message).toBe(
      "msgpack bad-key at the value itself: a map key must be text; with the option maps: 'map' also a number, a boolean or nil (got 7)",
    )
    const twice = new Map<unknown, number>([
      [1, 1],
      [1n, 2],
    ])
    expect(failure(() => mapWriter.encode({ m: twice })).message).toBe(
      'msgpack duplicate-key at m: a map has the same key twice (1n and 1)',
    )
    expect(failure(() => mapWriter.encode(new Map([[() => 1, 1]]))).message).toMatch(
      /got a key of type function/,
    )
  })

  it('does not take keys for one that differ on the wire', () => {
    const keys = [2 ** 53, 2n ** 53n, 2n ** 53n + 1n, '1', 1]
    const map = new Map<unknown, unknown>(keys.map((key) => [key, 0]))
    expect([...(decode(mapWriter.encode(map), { maps: 'map' }) as typeof map).keys()]).toEqual(keys)
    const skipped = new Map<unknown, unknown>([
      [5, undefined],
      [5n, 'five'],
    ])
    expect(decode(mapWriter.encode(skipped), { maps: 'map' })).toEqual(new Map([[5, 'five']]))
  })

  it('measures an array by what it is, whatever prototype it has', () => {
    const bare = Object.setPrototypeOf([1, 2, 3], null)
    expect(hexOf(bare)).toBe('93010203')
    expect(new MsgpackWriter().measure(bare)).toBe(4)
  })

  it('refuses a word for maps or timestamps that is none', () => {
    for (const options of [{ maps: 'Map' }, { timestamps: 'ms' }] as object[]) {
      for (const make of [() => new MsgpackWriter(options), () => new MsgpackReader(options)]) {
        expect(failure(make).code).toBe('bad-option')
      }
    }
  })

  it('keeps the limits of the reader', () => {
    const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])
    expect(decode(encode(deep(32)))).toEqual(deep(32))
    expect(failure(() => encode(deep(33))).code).toBe('depth-over-limit')
    const cyclic: Record<string, unknown> = { a: 1 }
    cyclic.self = cyclic
    expect(failure(() => encode(cyclic)).code).toBe('depth-over-limit')
    expect(failure(() => encode(cyclic)).path.startsWith('self.self.self')).toBe(true)
    expect(encode(new Array(99_999).fill(0)).length).toBe(99_999 + 5)
    expect(failure(() => encode(new Array(100_000).fill(0))).code).toBe('nodes-over-limit')
    const wide = Object.fromEntries(Array.from({ length: 1025 }, (_, key) => [`k${key}`, 1]))
    expect(failure(() => encode(wide)).code).toBe('keys-over-limit')
    delete wide.k0
    expect(decode(encode(wide))).toEqual(wide)
    expect(failure(() => encode('x'.repeat(1_048_577))).code).toBe('text-over-limit')
    expect(failure(() => encode(new Uint8Array(1_048_577))).code).toBe('binary-over-limit')
    expect(() => new MsgpackWriter({ limits: { depthMax: -1 } })).toThrow('limits.depthMax is -1')
  })

  it('keeps the limit of keys in all maps', () => {
    const map = Object.fromEntries(Array.from({ length: 1024 }, (_, key) => [`k${key}`, 1]))
    const maps = new Array(16).fill(map)
    for (const [full, one] of [
      [maps, { more: 1 }],
      [maps.map((each) => new Map(Object.entries(each))), new Map([['more', 1]])],
    ] as const) {
      expect(decode(encode(full))).toEqual(maps)
      for (const write of [encode, (value: unknown) => new MsgpackWriter().measure(value)]) {
        const error = failure(() => write([...full, one]))
        expect([error.code, error.path]).toEqual(['keys-in-all-over-limit', ''])
        expect(error.message).toContain('keysInAllMax')
      }
      const raised = new MsgpackWriter({ limits: { keysInAllMax: 16_385 } })
      expect(raised.encode([...full, one])).toHaveLength(raised.measure([...full, one]))
    }
  })

  it('gives a message that a getter writes meanwhile keys of its own', () => {
    const writer = new MsgpackWriter({ limits: { keysInAllMax: 3 } })
    const inner = { a: 1, b: 2, c: 3 }
    const value = {
      first: 1,
      get second() {
        return writer.encode(inner).length + writer.measure(inner)
      },
      third: 3,
    }
    expect(decode(writer.encode(value))).toEqual({ first: 1, second: 20, third: 3 })
    expect(writer.measure(value)).toBe(writer.encode(value).length)
    expect(failure(() => writer.encode({ ...value, fourth: 4 })).code).toBe('keys-in-all-over-limit')
  })

  it('refuses values that share themselves into the millions, at once', () => {
    let array: unknown = 0
    let record: unknown = 0
    for (let level = 0; level < 31; level++) {
      array = [array, array]
      record = { a: record, b: record }
    }
    for (const [value, code] of [
      [array, 'nodes-over-limit'],
      [record, 'keys-in-all-over-limit'],
    ] as const) {
      expect(failure(() => new MsgpackWriter().measure(value)).code).toBe(code)
      expect(failure(() => encode(value)).code).toBe(code)
    }
  })

  it('writes exactly what it measured, into no byte beside it', () => {
    const value = {
      id: 1,
      list: [1.5, 2, 'text'],
      deep: { map: new Map([[1, null]]) },
      big: 2n ** 63n,
      at: new Date(7),
    }
    const writer = mapWriter
    const size = writer.measure(value)
    const bytes = new Uint8Array(size + 10).fill(0xee)
    expect(writer.write(value, { bytes, view: new DataView(bytes.buffer) }, 5)).toBe(5 + size)
    expect(bytes.subarray(5, 5 + size)).toEqual(writer.encode(value))
    expect([...bytes.subarray(0, 5), ...bytes.subarray(5 + size)]).toEqual(new Array(10).fill(0xee))
    for (let short = 0; short < size; short++) {
      const target = { bytes: new Uint8Array(short), view: new DataView(new ArrayBuffer(short)) }
      expect(writer.tryWrite(value, target, 0)).toBe(-1)
      expect(failure(() => writer.write(value, target, 0)).code).toBe('target-too-small')
    }
  })

  it('hands out results that do not overlap, of any size', () => {
    const writer = new MsgpackWriter()
    const values = Array.from({ length: 300 }, (_, index) => 'v'.repeat((index * 37) % 2500) + index)
    const results = values.map((value) => writer.encode(value))
    expect(results.map((result) => decode(result))).toEqual(values)
    expect(decode(writer.encode('L'.repeat(100_000)))).toBe('L'.repeat(100_000))
  })

  it('turns what getters, proxies and codecs throw into its own error', () => {
    const cause = new Error('mine')
    const bad = {
      get b() {
        throw cause
      },
    }
    const error = failure(() => encode({ a: bad }))
    expect([error.code, error.path, error.cause]).toEqual(['access-failed', 'a', cause])
    class Thing {}
    const codec = { type: 1, matches: (value: object) => value instanceof Thing, decode: () => 0 }
    const fails = () => {
      throw cause
    }
    const failing = new MsgpackWriter({ extensions: [{ ...codec, encode: fails }] })
    const failed = failure(() => failing.encode({ t: new Thing() }))
    expect([failed.code, failed.path, failed.cause]).toEqual(['extension-failed', 't', cause])
    const large = new MsgpackWriter({ extensions: [{ ...codec, encode: () => new Uint8Array(65_537) }] })
    expect(failure(() => large.encode(new Thing())).code).toBe('extension-over-limit')
    for (const extensions of [
      [{ ...codec, encode: fails, type: -1 }],
      [
        { ...codec, encode: fails },
        { ...codec, encode: fails },
      ],
    ]) {
      expect(failure(() => new MsgpackWriter({ extensions })).code).toBe('bad-option')
    }
  })

  it('survives a codec that encodes with the same writer', () => {
    class Thing {}
    const writer: MsgpackWriter = new MsgpackWriter({
      extensions: [
        {
          type: 3,
          matches: (value) => value instanceof Thing,
          encode: () => writer.encode({ in: 1 }),
          decode: (data) => decode(data),
        },
      ],
    })
    const bytes = writer.encode([new Thing(), 'x', new Thing()])
    const hex = Buffer.from(bytes).toString('hex')
    expect(hex).toBe('93c7050381a2696e01a178c7050381a2696e01')
  })
})
