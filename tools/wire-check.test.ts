import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Descriptor, fingerprint, readBits, readMsgpack } from './wire-bodies.ts'
import type { WireVector } from './wire-frames.ts'
import {
  close,
  codes,
  contractTable,
  cutFrame,
  type FixedSizes,
  type Frame,
  fault,
  fixedMessage,
  frame,
  hello,
  ping,
  pong,
  readCall,
  readClose,
  readContract,
  readFault,
  readHello,
  shortText,
  varint,
} from './wire-peer.ts'
import { type WireVectors, wireVectors } from './wire-vectors.ts'
import { root } from './workspace.ts'

const stored: WireVectors = JSON.parse(readFileSync(join(root, 'docs/wire-vectors.json'), 'utf8'))
const page = readFileSync(join(root, 'docs/WIRE.md'), 'utf8')

/** Section 5.3: the goodbyes by their numbers. */
const goodbyes = new Map(
  [
    ...page
      .slice(page.indexOf('| why | name |'), page.indexOf('### 5.4'))
      .matchAll(/^\| (\d+) \| ([\w-]+) \|/gm),
  ].map(([, code, name]) => [Number(code), name]),
)

/** Section 6.2. */
const fixedSizes: FixedSizes = Object.fromEntries(
  stored.contract.messages.map(({ fixedSize }, number) => [number, fixedSize]),
)

describe('docs/wire-vectors.json', () => {
  it('is what the encoders write today', () => {
    expect(stored, 'node --import ./bench/src/from-source.ts tools/wire-vectors.ts').toEqual(
      JSON.parse(JSON.stringify(wireVectors())),
    )
  })

  it.each(stored.frames)(
    '$name is a frame of its size, code and fields by the rules of the page',
    (vector) => {
      const bytes = bytesOf(vector)
      const read = cutFrame(bytes, fixedSizes)
      expect(read?.size).toBe(bytes.length)
      expect(read!.code).toBe(vector.code)
      expect(fieldsOf(read!, vector)).toEqual(vector.fields)
    },
  )

  it.each(stored.frames)('$name is no frame while a byte of it is missing', (vector) => {
    const bytes = bytesOf(vector)
    for (let end = 0; end < Math.min(bytes.length, 40); end++)
      expect(cutFrame(bytes.subarray(0, end), fixedSizes)).toBeUndefined()
    expect(cutFrame(bytes.subarray(0, -1), fixedSizes)).toBeUndefined()
  })

  it('has control frames that the rules of the page write byte by byte', () => {
    const rewritten = stored.frames.flatMap((vector) => {
      const bytes = rewrite(vector)
      return bytes === undefined ? [] : [[vector.name, bytes.toString('hex'), vector.hex] as const]
    })
    expect(rewritten.length).toBeGreaterThan(15)
    for (const [name, mine, theirs] of rewritten) expect(mine, name).toBe(theirs)
  })

  it('has fingerprints by the rules of the page', () => {
    for (const { text, fingerprint: expected } of stored.fingerprints) {
      expect(fingerprint(text), text).toBe(expected)
    }
    const { messages, fingerprint: whole } = stored.contract
    const lines = messages.map((message) => {
      const { key, descriptor, reply } = message
      expect(fingerprint(JSON.stringify(descriptor)), key).toBe(message.fingerprint)
      if (reply === undefined) return `${key}:${message.fingerprint}:`
      expect(fingerprint(JSON.stringify(reply.descriptor)), `${key} (reply)`).toBe(reply.fingerprint)
      return `${key}:${message.fingerprint}:${reply.fingerprint}`
    })
    expect(fingerprint(lines.join('\n'))).toBe(whole)
  })

  it('has the fixed sizes that follow from the descriptors by the rules of the page', () => {
    for (const { key, descriptor, fixedSize } of stored.contract.messages)
      expect(fixedSizeOf(descriptor as Descriptor), key).toBe(fixedSize)
    expect(Object.values(fixedSizes)).toEqual([12, 3, null, 2, null])
  })
})

describe('docs/WIRE.md', () => {
  const blocks = [...page.matchAll(/```hex ([\w-]+)\n([\s\S]*?)```/g)].map(([, name, text]) => ({
    name,
    text,
  }))

  it('has an example of each code of its table, but that of a cipher step', () => {
    const rows = [...page.matchAll(/^\| ([89][0-9a-f]) \| /gm)].map(([, code]) => Number.parseInt(code, 16))
    expect(rows).toEqual(Object.values(codes))
    const shown = blocks.map(({ name }) => stored.frames.find((vector) => vector.name === name)?.code)
    expect(shown).not.toContain(undefined)
    for (const code of rows) if (code !== codes.cipher) expect(shown).toContain(code)
    expect(shown).toContain(0)
  })

  it.each(blocks)('shows $name as its vector has it', ({ name, text }) => {
    const shown = text
      .split('\n')
      .map((line) => line.split('|')[0].replaceAll(/\s/g, ''))
      .join('')
    expect(shown).toBe(stored.frames.find((vector) => vector.name === name)?.hex)
  })

  it('has the fingerprints of its texts', () => {
    const rows = [...page.matchAll(/^\| (?:`([^`]+)`|(\(empty\))) \| `([0-9a-f]{16})` \|$/gm)]
    expect(rows.length).toBe(5)
    for (const [, text = '', , expected] of rows) expect(fingerprint(text), text).toBe(expected)
  })

  it('lists the goodbyes with their numbers', () => {
    const known = stored.frames.flatMap(({ name, fields }) =>
      name.startsWith('close-') && fields.appCode === 0 ? [[fields.why, fields.meaning]] : [],
    )
    expect([...goodbyes]).toEqual(known)
  })
})

function bytesOf({ hex, size, fill = 0 }: WireVector): Buffer {
  const head = Buffer.from(hex, 'hex')
  return Buffer.concat([head, Buffer.alloc(size - head.length, fill)])
}

/** A frame's fields, read by the rules of the page. */
function fieldsOf(read: Frame, { codec, fields, fill }: WireVector): unknown {
  if (read.code >= 0x80 && read.code < 0x90) return controlFields(read)
  const { id, number, key: name, body } = readCall(read)
  const of = id === undefined ? {} : { id }
  // A reply says neither key nor number: the asker knows.
  const key = name ?? (read.code === codes.reply ? (fields.key as string) : undefined)
  if (codec === 'msgpack') return { ...of, key, body: readMsgpack(body) }
  if (number === 130) return { number, body: readBits(farMessage, body) }
  const message = stored.contract.messages.find((one, index) => one.key === key || index === number)!
  const descriptor = read.code === codes.reply ? message.reply?.descriptor : message.descriptor
  const value = readBits(descriptor as Descriptor, body) as Record<string, unknown>
  if (Array.isArray(value.cells)) value.cells = summary(value.cells as number[])
  if (value.color === undefined) delete value.color
  expect(fill === undefined || 'cells' in value).toBe(true)
  return { ...of, key: message.key, body: value }
}

const farMessage: Descriptor = { t: 'struct', fields: [['n', { t: 'u16' }]] }

function controlFields(read: Frame): unknown {
  switch (read.code) {
    case codes.hello:
      return readHello(read)
    case codes.contract:
      return readContract(read)
    case codes.ping:
    case codes.pong:
      return { token: read.body.readUInt32LE(0) }
    case codes.close: {
      const { why, appCode, text } = readClose(read)
      return { why, meaning: goodbyes.get(why), appCode, text }
    }
    default:
      return readFault(read)
  }
}

/** Section 6.2: the size that all bodies of a type have, or null. */
function fixedSizeOf({ t, n = 0, of, fields = [] }: Descriptor): number | null {
  const sizes: Readonly<Record<string, number>> = {
    u8: 1,
    bool: 1,
    enum: 1,
    u16: 2,
    i16: 2,
    u32: 4,
    f32: 4,
    f64: 8,
  }
  if (t in sizes) return sizes[t]
  if (t === 'fixedArray') {
    const size = fixedSizeOf(of!)
    return size === null ? null : n * size
  }
  if (t !== 'struct') return null
  let sum = 0
  for (const [, field] of fields) {
    const size = fixedSizeOf(field)
    if (size === null) return null
    sum += size
  }
  return sum
}

/** Many equal elements in short. */
function summary(elements: readonly number[]): { byte: number; count: number } {
  expect(new Set(elements).size).toBe(1)
  return { byte: elements[0], count: elements.length }
}

/** The frame of a vector's fields, written by the rules of the page; bodies of messages are taken as they are. */
function rewrite(vector: WireVector): Buffer | undefined {
  const { code, size, fields } = vector
  if (size > 400) return undefined
  switch (code) {
    case codes.hello:
      return hello(fields as unknown as Parameters<typeof hello>[0])
    case codes.contract:
      return contractTable(fields as unknown as Parameters<typeof contractTable>[0])
    case codes.ping:
      return ping(fields.token as number)
    case codes.pong:
      return pong(cutFrame(ping(fields.token as number))!)
    case codes.close:
      return close(fields.why as number, fields.text as string, fields.appCode as number)
    case codes.fault:
      return fault(fields.id as number, fields.text as string)
  }
  const { id, number, key, body } = readCall(cutFrame(bytesOf(vector), fixedSizes)!)
  if (typeof fixedSizes[code] === 'number') return fixedMessage(code, body)
  const head = code < 0x80 || number === undefined ? Buffer.alloc(0) : varint(number)
  return frame(code, id === undefined ? [] : varint(id), key === undefined ? [] : shortText(key), head, body)
}
