import fc from 'fast-check'
import { defaultLimits } from 'millrace'
import { BlockPool, SegmentBuffer } from 'millrace/extend'
import { describe, expect, it } from 'vitest'
import { cuts } from '../testing/cuts.ts'
import { ReplyParser } from './reply-parser.ts'
import { parseRespLimits, type RespLimits } from './resp-limits.ts'
import { checkValue, RespError, RespStatus, type RespValue, type RespVersion } from './resp-value.ts'
import { writePush, writeValue } from './resp-writer.ts'

const seed = 20260713

function parse(chunks: readonly Uint8Array[], limits: Partial<RespLimits> = {}) {
  const parser = new ReplyParser(parseRespLimits(limits, defaultLimits))
  const values: RespValue[] = []
  const pushes: RespValue[] = []
  for (const chunk of chunks) {
    parser.receive(chunk)
    while (parser.next()) (parser.isPush ? pushes : values).push(parser.value)
  }
  return { values, pushes, violation: parser.violation, stored: parser.stored }
}

function whole(text: string, limits: Partial<RespLimits> = {}) {
  return parse([Buffer.from(text, 'latin1')], limits)
}

function written(write: (target: SegmentBuffer) => void): Buffer {
  const target = new SegmentBuffer(new BlockPool())
  write(target)
  const batch = target.take()
  const bytes = Buffer.concat(batch.segments)
  batch.release()
  return bytes
}

function encode(value: RespValue, version: RespVersion): string {
  checkValue(value)
  return written((target) => writeValue(target, value, version)).toString('latin1')
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

describe('writing and reading replies', () => {
  it.each<[RespValue, string, string]>([
    [null, '$-1\r\n', '_\r\n'],
    [true, ':1\r\n', '#t\r\n'],
    [false, ':0\r\n', '#f\r\n'],
    [42, ':42\r\n', ':42\r\n'],
    [-7, ':-7\r\n', ':-7\r\n'],
    [1.5, '$3\r\n1.5\r\n', ',1.5\r\n'],
    [-0, '$2\r\n-0\r\n', ',-0\r\n'],
    [Number.POSITIVE_INFINITY, '$3\r\ninf\r\n', ',inf\r\n'],
    [Number.NaN, '$3\r\nnan\r\n', ',nan\r\n'],
    [2n ** 63n - 1n, ':9223372036854775807\r\n', ':9223372036854775807\r\n'],
    [2n ** 63n, '$19\r\n9223372036854775808\r\n', '(9223372036854775808\r\n'],
    ['é', '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
    [new Uint8Array([0, 13, 10]), '$3\r\n\0\r\n\r\n', '$3\r\n\0\r\n\r\n'],
    [new RespStatus('OK'), '+OK\r\n', '+OK\r\n'],
    [new RespError('ERR two\r\nlines'), '-ERR two  lines\r\n', '-ERR two  lines\r\n'],
    [[1, [null]], '*2\r\n:1\r\n*1\r\n$-1\r\n', '*2\r\n:1\r\n*1\r\n_\r\n'],
    [new Map([['a', 1]]), '*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'],
    [new Set([1, 2]), '*2\r\n:1\r\n:2\r\n', '~2\r\n:1\r\n:2\r\n'],
  ])('case %#', (value, second, third) => {
    expect(encode(value, 2)).toBe(second)
    expect(encode(value, 3)).toBe(third)
  })

  it.each([undefined, { a: 1 }, () => 1, Symbol('x'), [undefined], new Date(0)])(
    'refuses to write %s',
    (value) => {
      expect(() => checkValue(value)).toThrow(/no RESP value/)
    },
  )

  it('refuses a circle', () => {
    const circle: unknown[] = []
    circle.push(circle)
    expect(() => checkValue(circle)).toThrow(/nested deeper than 32/)
  })

  it('gives back every value of version 3, in any cuts', () => {
    const leaf = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double(),
      fc.bigInt({ min: 2n ** 64n, max: 2n ** 80n }),
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ maxLength: 20 }).map((text) => new RespStatus(text.replace(/[\r\n]/g, ''))),
      fc.string({ maxLength: 20 }).map((text) => new RespError(text.replace(/[\r\n]/g, ''))),
    )
    const { value } = fc.letrec<{ value: RespValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 5 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
        fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      ),
    }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.nat(), (values, cutSeed) => {
        const stream = written((target) => {
          for (const item of values) writeValue(target, item, 3)
          writePush(target, ['message', 1], 3)
        })
        for (const chunks of cuts(stream, cutSeed)) {
          const got = parse(chunks)
          expect(got.violation).toBeUndefined()
          expect(got.values).toEqual(values)
          expect(got.pushes).toEqual([[bytes('message'), 1]])
          expect(got.stored).toBe(0)
        }
      }),
      { seed, numRuns: 150 },
    )
  })

  it('reads what this side never writes', () => {
    const text =
      '|1\r\n+ttl\r\n:5\r\n*1\r\n:1\r\n=8\r\ntxt:text\r\n!5\r\nERR x\r\n*-1\r\n,1e3\r\n:+5\r\n*1\r\n|1\r\n+a\r\n+b\r\n:2\r\n'
    expect(whole(text)).toEqual({
      values: [[1], bytes('text'), new RespError('ERR x'), null, 1000, 5, [2]],
      pushes: [],
      violation: undefined,
      stored: 0,
    })
  })

  it.each([
    'x\r\n',
    '\r\n',
    '+OK\n',
    ':1x\r\n',
    '#y\r\n',
    '_x\r\n',
    ',1,5\r\n',
    '$-2\r\n',
    '$x\r\n',
    '*-2\r\n',
    '%-1\r\n',
    '$?\r\n',
    '*1\r\n>1\r\n+x\r\n',
    '$1\r\nabc',
    '(\r\n',
  ])('refuses %j', (text) => {
    const { values, violation } = whole(`+OK\r\n${text}`)
    expect(values).toEqual([new RespStatus('OK')])
    expect(violation).toBeTypeOf('string')
  })

  it('answers hostile bytes with a violation, never with an exception, the same for all cuts', () => {
    const token = fc.constantFrom(
      '*',
      '$',
      '%',
      '~',
      '>',
      '|',
      '=',
      '!',
      '\r\n',
      '+',
      ':',
      '1',
      '2',
      '-1',
      '9999999',
      'a',
    )
    const stream = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw).toString('latin1')),
      fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join('')),
    )
    fc.assert(
      fc.property(stream, fc.nat(), (text, cutSeed) => {
        const limits = { messageSizeMax: 4096, elementCountMax: 16, lineSizeMax: 64, depthMax: 3 }
        const [first, ...others] = cuts(Buffer.from(text, 'latin1'), cutSeed).map((chunks) =>
          parse(chunks, limits),
        )
        for (const other of others) expect(other).toEqual(first)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('keeps its limits, at and over', () => {
    expect(whole('$4\r\nabcd\r\n', { bulkSizeMax: 4 }).values).toEqual([bytes('abcd')])
    expect(whole('$5\r\n', { bulkSizeMax: 4 }).violation).toBe('a malformed bulk length')
    expect(whole('*2\r\n:1\r\n:2\r\n', { elementCountMax: 2 }).values).toEqual([[1, 2]])
    expect(whole('*3\r\n', { elementCountMax: 2 }).violation).toBe('a malformed array length')
    expect(whole('*1\r\n*1\r\n:1\r\n', { depthMax: 2 }).values).toEqual([[[1]]])
    expect(whole('*1\r\n*1\r\n*1\r\n', { depthMax: 2 }).violation).toBe('values nested deeper than 2')
    expect(whole('+abc\r\n', { lineSizeMax: 4 }).values).toEqual([new RespStatus('abc')])
    expect(whole('+abcd\r\n', { lineSizeMax: 4 }).violation).toBe('a line of more than 4 bytes')
    expect(whole('*2\r\n:1\r\n:2\r\n', { messageSizeMax: 12 }).values).toEqual([[1, 2]])
    expect(whole('*2\r\n:1\r\n:2\r\n', { messageSizeMax: 11 }).violation).toBe(
      'a reply of more than 11 bytes',
    )
  })
})
