import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  byName,
  close,
  contractTable,
  controls,
  cutFrame,
  type Descriptor,
  type Frame,
  fingerprint,
  frame,
  hello,
  kinds,
  ping,
  pong,
  readBits,
  readCall,
  readClose,
  readContract,
  readFault,
  readHello,
  readMsgpack,
  shortText,
  u32,
} from './wire-peer.ts'
import { type WireVector, type WireVectors, wireVectors } from './wire-vectors.ts'
import { root } from './workspace.ts'

const stored: WireVectors = JSON.parse(readFileSync(join(root, 'docs/wire-vectors.json'), 'utf8'))
const page = readFileSync(join(root, 'docs/WIRE.md'), 'utf8')

/** Section 5.3: the goodbyes by their numbers. */
const goodbyes = new Map(
  [...page.slice(page.indexOf('### 5.3'), page.indexOf('### 5.4')).matchAll(/^\| (\d) \| ([\w-]+) \|/gm)].map(
    ([, code, name]) => [Number(code), name],
  ),
)

describe('docs/wire-vectors.json', () => {
  it('is what the encoders write today', () => {
    expect(stored, 'node --import ./bench/src/from-source.ts tools/wire-vectors.ts').toEqual(
      JSON.parse(JSON.stringify(wireVectors())),
    )
  })

  it.each(stored.frames)(
    '$name is a frame of its size, tag and fields by the rules of the page',
    (vector) => {
      const bytes = bytesOf(vector)
      const read = cutFrame(bytes)
      expect(read?.size).toBe(bytes.length)
      expect(read!.kind * 16_384 + read!.number).toBe(vector.tag)
      expect(fieldsOf(read!, vector)).toEqual(vector.fields)
    },
  )

  it.each(stored.frames)('$name is no frame while its last byte is missing', (vector) => {
    expect(cutFrame(bytesOf(vector).subarray(0, -1))).toBeUndefined()
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

  it('numbers replies behind the messages, in the order of their requests', () => {
    const { messages } = stored.contract
    const numbers = messages.flatMap(({ reply }) => (reply === undefined ? [] : [reply.number]))
    expect(numbers).toEqual(numbers.map((_, index) => messages.length + index))
  })
})

describe('docs/WIRE.md', () => {
  const blocks = [...page.matchAll(/```hex ([\w-]+)\n([\s\S]*?)```/g)].map(([, name, text]) => ({
    name,
    text,
  }))

  it('has an example of each control frame and each kind', () => {
    const shown = new Set(blocks.map(({ name }) => stored.frames.find((vector) => vector.name === name)?.tag))
    expect(shown.has(undefined)).toBe(false)
    const tags = [...shown].map((tag) => tag ?? -1)
    expect(tags.filter((tag) => tag > 0xc000).sort()).toEqual([
      0xc001, 0xc002, 0xc003, 0xc004, 0xc005, 0xc006,
    ])
    expect([...new Set(tags.map((tag) => tag >> 14))].sort()).toEqual([0, 1, 2, 3])
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
      name.startsWith('close-') ? [[fields.code, fields.meaning]] : [],
    )
    expect([...goodbyes]).toEqual(known)
  })
})

function bytesOf({ hex, size, fill = 0 }: WireVector): Buffer {
  const head = Buffer.from(hex, 'hex')
  return Buffer.concat([head, Buffer.alloc(size - head.length, fill)])
}

/** A frame's fields, read by the rules of the page. */
function fieldsOf(read: Frame, { codec, tag, fill }: WireVector): unknown {
  if (read.kind === kinds.control) return controlFields(read)
  const { id, key: name, body } = readCall(read)
  const of = id === undefined ? {} : { id }
  if (codec === 'msgpack') return { ...of, key: name, body: readMsgpack(body) }
  const { key, descriptor } = messageOf(tag % 16_384)
  const value = readBits(descriptor, body) as Record<string, unknown>
  if (fill !== undefined) value.cells = summary(value.cells as number[])
  if (value.color === undefined) delete value.color
  return { ...of, key, body: value }
}

function controlFields(read: Frame): unknown {
  switch (read.number) {
    case controls.hello:
      return readHello(read)
    case controls.contract:
      return readContract(read)
    case controls.ping:
    case controls.pong:
      return { token: read.body.readUInt32LE(0) }
    case controls.close: {
      const { code, text } = readClose(read)
      return { code, meaning: goodbyes.get(code), text }
    }
    default:
      return readFault(read)
  }
}

function messageOf(number: number): { key: string; descriptor: Descriptor } {
  for (const [index, { key, descriptor, reply }] of stored.contract.messages.entries()) {
    if (index === number) return { key, descriptor: descriptor as Descriptor }
    if (reply?.number === number) return { key, descriptor: reply.descriptor as Descriptor }
  }
  throw new Error(`no message ${number}`)
}

/** Many equal elements in short. */
function summary(elements: readonly number[]): { byte: number; count: number } {
  expect(new Set(elements).size).toBe(1)
  return { byte: elements[0], count: elements.length }
}

/** The frame of a vector's fields, written by the rules of the page; bodies of messages are taken as they are. */
function rewrite(vector: WireVector): Buffer | undefined {
  const { tag, size, fields } = vector
  if (size > 400) return undefined
  switch (tag - 0xc000) {
    case controls.hello:
      return hello(fields as unknown as Parameters<typeof hello>[0])
    case controls.contract:
      return contractTable(fields as unknown as Parameters<typeof contractTable>[0])
    case controls.ping:
      return ping(fields.token as number)
    case controls.pong:
      return pong(cutFrame(ping(fields.token as number))!)
    case controls.close:
      return close(fields.code as number, fields.text as string)
    case controls.fault:
      return frame(kinds.control, controls.fault, u32(fields.id as number), shortText(fields.text as string))
  }
  const read = cutFrame(bytesOf(vector))!
  const { id, key, body } = readCall(read)
  const parts = [id === undefined ? [] : u32(id), key === undefined ? [] : shortText(key), body]
  return frame(read.kind, key === undefined ? read.number : byName, ...parts)
}
