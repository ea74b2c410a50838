import fc from 'fast-check'
import { defaultLimits } from 'millrace'
import { describe, expect, it } from 'vitest'
import { cuts } from '../testing/cuts.ts'
import { CommandParser } from './command-parser.ts'
import { parseRespLimits, type RespLimits } from './resp-limits.ts'

const seed = 20260712

function parse(chunks: readonly Uint8Array[], limits: Partial<RespLimits> = {}) {
  const parser = new CommandParser(parseRespLimits(limits, defaultLimits))
  const commands: string[][] = []
  for (const chunk of chunks) {
    parser.receive(chunk)
    while (parser.next()) commands.push([parser.name, ...parser.args.map(latin1)])
  }
  return { commands, violation: parser.violation, stored: parser.stored }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function whole(text: string, limits: Partial<RespLimits> = {}) {
  return parse([Buffer.from(text, 'latin1')], limits)
}

function encode(parts: readonly Uint8Array[]): Buffer {
  const bulks = parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...bulks])
}

describe('CommandParser', () => {
  it('reads the same however the bytes are cut', () => {
    const text =
      '*1\r\n$4\r\nPING\r\nset a "b\\r\\n c"\r\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\n\r\n$1\n\r\n\r\n\n*0\r\n*-1\r\nget \'x\'\n'
    const expected = [['PING'], ['SET', 'a', 'b\r\n c'], ['SET', '', '\r\n$1\n'], ['GET', 'x']]
    for (const chunks of cuts(Buffer.from(text, 'latin1'), seed)) {
      expect(parse(chunks)).toEqual({ commands: expected, violation: undefined, stored: 0 })
    }
  })

  it('reads any commands in any cuts', () => {
    const part = fc.uint8Array({ maxLength: 80 })
    const commands = fc.array(fc.array(part, { minLength: 1, maxLength: 6 }), { maxLength: 8 })
    fc.assert(
      fc.property(commands, fc.nat(), (sent, cutSeed) => {
        const bytes = Buffer.concat(sent.map(encode))
        for (const chunks of cuts(bytes, cutSeed)) {
          const { commands: got, violation, stored } = parse(chunks)
          expect(violation).toBeUndefined()
          expect(stored).toBe(0)
          expect(got.map(([, ...args]) => args)).toEqual(sent.map(([, ...args]) => args.map(latin1)))
        }
      }),
      { seed, numRuns: 100 },
    )
  })

  it('answers hostile bytes with a violation, never with an exception, the same for all cuts', () => {
    const token = fc.constantFrom(
      '*',
      '$',
      '\r\n',
      '\n',
      '3',
      '-1',
      '99999999999999999',
      'PING',
      '"',
      "'",
      '\\x',
      ' ',
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((raw) => latin1(raw)),
      fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join('')),
    )
    fc.assert(
      fc.property(bytes, fc.nat(), (text, cutSeed) => {
        const limits = { messageSizeMax: 4096, elementCountMax: 16, lineSizeMax: 64 }
        const [first, ...others] = cuts(Buffer.from(text, 'latin1'), cutSeed).map((chunks) =>
          parse(chunks, limits),
        )
        for (const other of others) expect(other).toEqual(first)
      }),
      { seed, numRuns: 500 },
    )
  })

  it.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*1\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    [`*${'1'.repeat(40)}`, 'too big mbulk count string'],
    ['*1\r\nPING\r\n', "expected '$', got 'P'"],
    ['*1\r\n\0', "expected '$', got '\\x00'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$4x\r\n', 'invalid bulk length'],
    [`*1\r\n$${'1'.repeat(40)}`, 'too big bulk count string'],
    ['*1\r\n$4\r\nPINGxx', 'a bulk string without CRLF behind it'],
    ['get "a\r\n', 'unbalanced quotes in request'],
    ['get "a"b\r\n', 'unbalanced quotes in request'],
  ])('refuses %j', (text, violation) => {
    expect(whole(`PING\r\n${text}`)).toEqual({ commands: [['PING']], violation, stored: 0 })
  })

  it('splits inline commands by quotes and escapes', () => {
    expect(whole('set "\\x41\\n\\q\\"" \'it\\\'s\\n\' a"b"\r\n').commands).toEqual([
      ['SET', 'A\nq"', "it's\\n", 'ab'],
    ])
  })

  describe('keeps its limits, at and over', () => {
    it('bulkSizeMax', () => {
      const limits = { bulkSizeMax: 10 }
      expect(whole('*1\r\n$10\r\n0123456789\r\n', limits).commands).toHaveLength(1)
      expect(whole('*1\r\n$11\r\n', limits).violation).toBe('invalid bulk length')
    })

    it('messageSizeMax, over all parts', () => {
      const text = '*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n'
      expect(whole(text, { messageSizeMax: text.length }).commands).toEqual([['ECHO', 'hello']])
      expect(whole(text, { messageSizeMax: text.length - 1 }).violation).toBe('invalid bulk length')
      // The next command begins anew.
      expect(whole(text + text, { messageSizeMax: text.length }).commands).toHaveLength(2)
    })

    it('elementCountMax', () => {
      const limits = { elementCountMax: 2 }
      expect(whole('*2\r\n$1\r\na\r\n$1\r\nb\r\n', limits).commands).toEqual([['A', 'b']])
      expect(whole('*3\r\n', limits).violation).toBe('invalid multibulk length')
      expect(whole('a b\r\n', limits).commands).toEqual([['A', 'b']])
      expect(whole('a b c\r\n', limits).violation).toBe('invalid multibulk length')
    })

    it('lineSizeMax', () => {
      const limits = { lineSizeMax: 8 }
      expect(whole('echo abc\r\n', limits).commands).toEqual([['ECHO', 'abc']])
      expect(whole('echo abcd\r\n', limits).violation).toBe('too big inline request')
      expect(whole('echo abcdef', limits).violation).toBe('too big inline request')
    })
  })

  it('counts what it stores, and takes no memory for what was only announced', () => {
    expect(whole('*1000\r\n$1048000\r\nabc').stored).toBe('*1000\r\n$1048000\r\nabc'.length)
  })

  it('hands out copies, also of what came in a Buffer', () => {
    const parser = new CommandParser(parseRespLimits({}, defaultLimits))
    const chunk = Buffer.from('*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n')
    parser.receive(chunk)
    expect(parser.next()).toBe(true)
    chunk.fill(0)
    expect(latin1(parser.args[0])).toBe('hello')
    expect(parser.args[0].buffer.byteLength).toBe(5)
  })

  it('reads a value of 1 MB that comes in single bytes without reading it again each time', () => {
    const value = Buffer.alloc(1_000_000, 'x')
    const bytes = encode([Buffer.from('SET'), value])
    const chunks = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
    expect(parse(chunks).commands[0][1]).toHaveLength(1_000_000)
  })
})
