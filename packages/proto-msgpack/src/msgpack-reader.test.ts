import { describe, expect, it } from 'vitest'
import type { MsgpackErrorCode, MsgpackReaderOptions } from './index.ts'
import { decode, encode, MsgpackError, MsgpackReader, msgpackLimits } from './index.ts'

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

function read(bytes: Uint8Array, options?: MsgpackReaderOptions): MsgpackErrorCode | '' {
  const reader = new MsgpackReader(options)
  reader.read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
  return reader.error
}

function refuses(hex: string, code: MsgpackErrorCode, offset: number, options?: MsgpackReaderOptions): void {
  const reader = new MsgpackReader(options)
  const bytes = bytesOf(hex)
  expect(reader.read(bytes, new DataView(bytes.buffer), 0, bytes.length)).toBe(undefined)
  expect([reader.error, reader.position], hex).toEqual([code, offset])
  expect(reader.errorText()).toContain(`${code} at byte ${offset}`)
}

/** Head with a count or size in 32 bits, then as many times the filling. */
function filled(head: number, count: number, filling: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + count * filling.length)
  bytes[0] = head
  new DataView(bytes.buffer).setUint32(1, count)
  for (let index = 0; index < count; index++) bytes.set(filling, 5 + index * filling.length)
  return bytes
}

function nested(depth: number): Uint8Array {
  return new Uint8Array([...new Array<number>(depth - 1).fill(0x91), 0x90])
}

function keyed(count: number): Uint8Array {
  return encode(Object.fromEntries(Array.from({ length: Math.min(count, 1024) }, (_, key) => [`k${key}`, 1])))
}

describe('MsgpackReader limits: at the limit it reads, one over it refuses', () => {
  it('depthMax', () => {
    expect(read(nested(32))).toBe('')
    expect(read(nested(33))).toBe('depth-over-limit')
    expect(read(bytesOf('81a16181a16181a16101'), { limits: { depthMax: 3 } })).toBe('')
    expect(read(bytesOf('81a16181a16181a16101'), { limits: { depthMax: 2 } })).toBe('depth-over-limit')
  })

  it('nodesMax', () => {
    const { nodesMax } = msgpackLimits
    expect(read(filled(0xdd, nodesMax - 1, bytesOf('c0')))).toBe('')
    expect(read(filled(0xdd, nodesMax, bytesOf('c0')))).toBe('nodes-over-limit')
    expect(read(bytesOf('8201020304'), { maps: 'map', limits: { nodesMax: 3 } })).toBe('')
    expect(read(bytesOf('8201020304'), { maps: 'map', limits: { nodesMax: 2 } })).toBe('nodes-over-limit')
    expect(read(bytesOf('01'), { limits: { nodesMax: 0 } })).toBe('nodes-over-limit')
  })

  it('nodesPerByteMax', () => {
    expect(read(bytesOf('93010203'), { limits: { nodesPerByteMax: 1 } })).toBe('')
    expect(read(bytesOf('9101a0a0'), { limits: { nodesPerByteMax: 0.5 } })).toBe('')
    expect(read(bytesOf('92010203'), { limits: { nodesPerByteMax: 0.5 } })).toBe('nodes-over-limit')
  })

  it('keysMax', () => {
    expect(read(keyed(1024))).toBe('')
    const over = new Uint8Array([...keyed(1024), 0xa1, 0x78, 0x01])
    over[2] = 0x01
    expect(read(over)).toBe('keys-over-limit')
    expect(read(over, { maps: 'map' })).toBe('keys-over-limit')
  })

  it.each(['object', 'map'] as const)('keysInAllMax, whatever was read before (%s)', (maps) => {
    const map = keyed(1024)
    const full = filled(0xdd, 16, map)
    const over = new Uint8Array([...full, 0x81, 0xa1, 0x78, 0x01])
    over[4] = 17
    const reader = new MsgpackReader({ maps })
    for (let time = 0; time < 3; time++) {
      expect(reader.read(full, new DataView(full.buffer), 0, full.length)).toHaveLength(16)
      expect(reader.read(over, new DataView(over.buffer), 0, over.length)).toBe(undefined)
      expect([reader.error, reader.position]).toEqual(['keys-in-all-over-limit', full.length])
      expect(reader.errorText()).toContain('keysInAllMax')
    }
    expect(read(over, { maps, limits: { keysInAllMax: 16_385 } })).toBe('')
  })

  it('keysInAllMax counts maps in maps, and follows a larger keysMax that was given', () => {
    const nestedMaps = bytesOf('82 a161 82 a16201 a16302 a164 81 a16503')
    expect(read(nestedMaps, { limits: { keysInAllMax: 5 } })).toBe('')
    refuses('82 a161 82 a16201 a16302 a164 81 a16503', 'keys-in-all-over-limit', 12, {
      limits: { keysInAllMax: 4 },
    })
    const large = filled(0xdf, 20_000, bytesOf('a16101'))
    expect(read(large, { limits: { keysMax: 20_000 } })).toBe('duplicate-key')
    expect(read(large, { limits: { keysMax: 20_000, keysInAllMax: 16_384 } })).toBe('keys-in-all-over-limit')
  })

  it('textSizeMax, for values and keys', () => {
    const { textSizeMax } = msgpackLimits
    expect(read(filled(0xdb, textSizeMax, bytesOf('61')))).toBe('')
    expect(read(filled(0xdb, textSizeMax + 1, bytesOf('61')))).toBe('text-over-limit')
    expect(read(bytesOf('81a2616101'), { limits: { textSizeMax: 2 } })).toBe('')
    expect(read(bytesOf('81a2616101'), { limits: { textSizeMax: 1 } })).toBe('text-over-limit')
  })

  it('binarySizeMax', () => {
    const { binarySizeMax } = msgpackLimits
    expect(read(filled(0xc6, binarySizeMax, bytesOf('61')))).toBe('')
    expect(read(filled(0xc6, binarySizeMax + 1, bytesOf('61')))).toBe('binary-over-limit')
  })

  it('extSizeMax', () => {
    const same = { type: 5, matches: () => false, encode: () => new Uint8Array(0), decode: () => 1 }
    const ext = (size: number) => {
      const bytes = new Uint8Array(6 + size)
      bytes.set([0xc9, size >>> 24, size >>> 16, size >>> 8, size, 5])
      return bytes
    }
    expect(read(ext(65_536), { extensions: [same] })).toBe('')
    expect(read(ext(65_537), { extensions: [same] })).toBe('extension-over-limit')
  })

  it('an option out of range is refused by name', () => {
    expect(() => new MsgpackReader({ limits: { depthMax: 513 } })).toThrow('limits.depthMax is 513')
    expect(() => new MsgpackReader({ limits: { nodesMax: 1.5 } })).toThrow('limits.nodesMax is 1.5')
    expect(() => new MsgpackReader({ limits: { keysMax: Number.NaN } })).toThrow('limits.keysMax is NaN')
    expect(Object.isFrozen(msgpackLimits)).toBe(true)
  })
})

describe('MsgpackReader and hostile bytes', () => {
  it('names code and offset', () => {
    refuses('', 'truncated', 0)
    refuses('c1', 'reserved-byte', 0)
    refuses('9201c1', 'reserved-byte', 2)
    refuses('81c101', 'reserved-byte', 1)
    refuses('cb00000000000000', 'truncated', 0)
    refuses('92cd0001cd00', 'truncated', 4)
    refuses('a26161a1'.slice(0, 4), 'truncated', 0)
    refuses('d9', 'truncated', 0)
    refuses('8101', 'truncated', 0)
    refuses('81a36161', 'truncated', 1)
    refuses('81a3616101', 'truncated', 5)
  })

  it('does not trust counts and sizes', () => {
    for (const head of ['dd', 'df', 'db', 'c6', 'c9']) refuses(`${head}ffffffff00`, 'truncated', 0)
    refuses('dcffff', 'truncated', 0)
    refuses('8fa16101', 'truncated', 0)
    refuses('9f0101', 'truncated', 0)
  })

  it('refuses bad UTF-8', () => {
    const bad = [
      'c328',
      'c080',
      'e08080',
      'eda080',
      'edbfbf',
      'f08080af',
      'f4908080',
      'f5808080',
      '80',
      'e282',
      'ff',
    ]
    for (const hex of bad) {
      const head = (0xa0 + hex.length / 2).toString(16)
      refuses(`${head}${hex}`, 'bad-text', 0)
      refuses(`81${head}${hex}01`, 'bad-text', 1)
    }
  })

  it('refuses keys that reach prototypes, in both kinds of map', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const hex = `81${(0xa0 + key.length).toString(16)}${Buffer.from(key).toString('hex')}80`
      refuses(hex, 'forbidden-key', 1)
      refuses(hex, 'forbidden-key', 1, { maps: 'map' })
    }
  })

  it('refuses keys that are there already', () => {
    refuses('82a16101a16102', 'duplicate-key', 4)
    refuses('82a16101d9016102', 'duplicate-key', 4)
    refuses('82a16101a16102', 'duplicate-key', 4, { maps: 'map' })
    refuses('820101cc0102', 'duplicate-key', 3, { maps: 'map' })
    refuses('82cb7ff800000000000001ca7fc0000002', 'duplicate-key', 11, { maps: 'map' })
  })

  it('refuses a duplicate also when the beginning of the map is known', () => {
    const reader = new MsgpackReader()
    for (const [hex, error] of [
      ['82a16101a16202', ''],
      ['82a16101a16102', 'duplicate-key'],
      ['82a16101a16202', ''],
      ['82a16201a16202', 'duplicate-key'],
      ['83a16101a16202a16103', 'duplicate-key'],
    ]) {
      const bytes = bytesOf(hex)
      for (let time = 0; time < 3; time++) {
        reader.read(bytes, new DataView(bytes.buffer), 0, bytes.length)
        expect(reader.error, hex).toBe(error)
      }
    }
  })

  it('takes text keys only, with Map objects scalars too', () => {
    for (const key of ['01', 'c0', 'c3', 'cb3ff8000000000000']) {
      refuses(`81${key}01`, 'bad-key', 1)
      expect(decode(bytesOf(`81${key}01`), { maps: 'map' })).toBeInstanceOf(Map)
    }
    for (const key of ['90', '80', 'c400', 'd6ff00000000'])
      refuses(`81${key}01`, 'bad-key', 1, { maps: 'map' })
  })

  it('refuses extensions that are not registered, and passes on that a codec failed', () => {
    refuses('9201d40110', 'unknown-extension', 2)
    refuses('d5fe0000', 'unknown-extension', 0)
    const decodeFails = () => {
      throw new Error('no')
    }
    const failing = { type: 1, matches: () => false, encode: () => new Uint8Array(0), decode: decodeFails }
    refuses('9201d40110', 'extension-failed', 2, { extensions: [failing] })
  })

  it('survives an extension codec that uses the same reader', () => {
    const inner = bytesOf('9301a16102')
    const reader: MsgpackReader = new MsgpackReader({
      extensions: [
        {
          type: 1,
          matches: () => false,
          encode: () => new Uint8Array(0),
          decode: () => reader.read(inner, new DataView(inner.buffer), 0, inner.length),
        },
      ],
    })
    const bytes = bytesOf('93d40100d4010005')
    expect(reader.read(bytes, new DataView(bytes.buffer), 0, bytes.length)).toEqual([
      [1, 'a', 2],
      [1, 'a', 2],
      5,
    ])
    expect([reader.error, reader.position]).toEqual(['', bytes.length])
  })

  it('refuses timestamps out of range', () => {
    refuses('d7ffee6b280000000000', 'bad-timestamp', 0)
    refuses('c70cff3b9aca000000000000000000', 'bad-timestamp', 0)
    refuses('d5ff0000', 'bad-timestamp', 0)
    refuses('c70cff000000007fffffffffffffff', 'bad-timestamp', 0)
    refuses('c70cff000000007fffffffffffffff', 'bad-timestamp', 0, { timestamps: 'exact' })
  })

  it('a megabyte of openings, of empty arrays, of empty maps fails before it costs memory', () => {
    const reader = new MsgpackReader()
    const size = 1_000_000
    const cases: [Uint8Array, MsgpackErrorCode][] = [
      [new Uint8Array(size).fill(0x91), 'depth-over-limit'],
      [new Uint8Array(size).fill(0x81), 'bad-key'],
      [filled(0xdd, size, bytesOf('90')), 'nodes-over-limit'],
      [filled(0xdd, size, bytesOf('80')), 'nodes-over-limit'],
      [filled(0xdd, size, bytesOf('c0')), 'nodes-over-limit'],
      [filled(0xdf, size, bytesOf('a0c0')), 'nodes-over-limit'],
      [filled(0xdf, size / 20, bytesOf('a0c0')), 'keys-over-limit'],
    ]
    for (const [bytes, code] of cases) {
      reader.read(bytes, new DataView(bytes.buffer), 0, bytes.length)
      expect(reader.error).toBe(code)
      expect(reader.position).toBeLessThan(64)
    }
  })

  it('keys that look like integers are plain keys', () => {
    const keys = Array.from({ length: 1024 }, (_, index) => String(index * 4_194_304))
    const value = Object.fromEntries(keys.map((key) => [key, 1]))
    expect(decode(encode(value))).toEqual(value)
  })
})

describe('MsgpackReader results', () => {
  it('inherit nothing', () => {
    const record = decode(bytesOf('81a16101')) as Record<string, unknown>
    for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf']) {
      expect(name in record).toBe(false)
    }
    expect(Object.keys(record)).toEqual(['a'])
    expect(() => Object.defineProperty(Object.getPrototypeOf(record), 'x', { value: 1 })).toThrow(TypeError)
  })

  it('share no memory with the bytes', () => {
    const bytes = Buffer.from(bytesOf('92c403010203a3616263'))
    const value = decode(bytes) as [Uint8Array, string]
    bytes.fill(0)
    expect(value).toEqual([new Uint8Array([1, 2, 3]), 'abc'])
    expect(value[0].constructor).toBe(Uint8Array)
  })

  it('never round 64-bit integers', () => {
    expect(decode(bytesOf('cf001fffffffffffff'))).toBe(Number.MAX_SAFE_INTEGER)
    expect(decode(bytesOf('cf0020000000000000'))).toBe(2n ** 53n)
    expect(decode(bytesOf('cf0020000000000001'))).toBe(2n ** 53n + 1n)
    expect(decode(bytesOf('d3ffe0000000000001'))).toBe(Number.MIN_SAFE_INTEGER)
    expect(decode(bytesOf('d3ffe0000000000000'))).toBe(-(2n ** 53n))
  })

  it('stop after the value; decode refuses what is left', () => {
    const bytes = bytesOf('ff9201020304ff')
    const reader = new MsgpackReader()
    expect(reader.read(bytes, new DataView(bytes.buffer), 1, 6)).toEqual([1, 2])
    expect([reader.error, reader.position, reader.errorText()]).toEqual(['', 4, ''])
    expect(() => decode(bytesOf('9201020304'))).toThrow(MsgpackError)
    expect(() => decode(bytesOf('9201020304'))).toThrow('trailing-bytes at byte 3')
  })

  it('are the same in every window of a larger block', () => {
    const message = encode({ id: 1, at: [1.5, -2.25], name: 'ä', big: 2n ** 60n, when: new Date(5) })
    for (let shift = 0; shift < 9; shift++) {
      const block = new Uint8Array(message.length + shift + 3).fill(0xc1)
      block.set(message, shift)
      const window = block.subarray(shift, shift + message.length)
      expect(decode(window)).toEqual(decode(message))
      for (let size = 0; size < message.length; size++) {
        const reader = new MsgpackReader()
        reader.read(block, new DataView(block.buffer), shift, shift + size)
        expect(reader.error).toBe('truncated')
      }
    }
  })

  it('a range outside of the bytes is an error, not an exception', () => {
    const reader = new MsgpackReader()
    const bytes = bytesOf('0102')
    for (const [offset, end] of [
      [0, 3],
      [-1, 1],
      [2, 1],
      [Number.NaN, 1],
    ]) {
      expect(reader.read(bytes, new DataView(bytes.buffer), offset, end)).toBe(undefined)
      expect(reader.error).toBe('truncated')
    }
  })
})
