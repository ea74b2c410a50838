import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatagramRecords, noblePrimitives, startHandshake } from '@millrace/cipher'
import type { DatagramConnection } from '@millrace/datagram'
import { DatagramDiary, DatagramEnds, numberedRules, Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { readPacket, readParts, writePacket, writePart } from './udp-peer.ts'
import { udpVectors } from './udp-vectors.ts'
import { root } from './workspace.ts'

const page = readFileSync(join(root, 'docs/UDP.md'), 'utf8')
const vectors = udpVectors()

/** The sizes of bodies in the contract of the vectors: WIRE.md, section 6.2. */
const fixedSizes = { 0: 12, 1: 3, 3: 2 }

/** `00 × 20` stands for twenty of them. */
function bytesOf(text: string): Buffer {
  const hex = text
    .split('\n')
    .map((line) => line.split('|')[0])
    .join(' ')
    .replaceAll(/([0-9a-f]{2}) × (\d+)/g, (_, byte: string, count) => byte.repeat(Number(count)))
    .replaceAll(/\s/g, '')
  return Buffer.from(hex, 'hex')
}

const blocks = new Map(
  [...page.matchAll(/```hex ([\w-]+)\n([\s\S]*?)```/g)].map(([, name, text]) => [name, bytesOf(text)]),
)

const packetNames = [
  'request',
  'retry',
  'request-with-cookie',
  'accept',
  'refuse',
  'first-packet',
  'close',
  'sealed',
]

describe('docs/UDP.md', () => {
  it('shows every vector but one, and nothing else', () => {
    expect([...vectors.keys()].filter((name) => !blocks.has(name))).toEqual(['answer'])
    expect([...blocks.keys()].filter((name) => !vectors.has(name))).toEqual([])
  })

  it.each([...blocks.keys()])('shows %s as the code writes it', (name) => {
    expect(blocks.get(name)?.toString('hex')).toBe(vectors.get(name)?.toString('hex'))
  })

  it.each([...vectors.keys()])('%s is read, and written again, by the rules of the page', (name) => {
    const bytes = vectors.get(name)!
    const isPacket = packetNames.includes(name) || name === 'answer'
    const written = isPacket
      ? writePacket(readPacket(bytes, fixedSizes)!)
      : Buffer.concat(readParts(bytes, 0, fixedSizes).map(writePart))
    expect(written.toString('hex')).toBe(bytes.toString('hex'))
  })

  it('has a block of each part of its table but padding and ping', () => {
    const table = page.slice(page.indexOf('## 3. Parts'), page.indexOf('What is legal when:'))
    const types = [...table.matchAll(/^\| ([0-9a-f]{2})(?: to 1f)? \| /gm)]
      .map(([, type]) => Number.parseInt(type, 16))
      .filter((type) => type > 1)
    expect(types).toEqual([2, 3, 4, 5, 6, 7, 8, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25])
    const shown = [...blocks.values()].map((bytes) => bytes[0])
    const inPackets = [blocks.get('close')![15], blocks.get('first-packet')![15]]
    for (const type of types) expect([...shown, ...inPackets], type.toString(16)).toContain(type)
  })
})

describe('a token of the page', () => {
  const said = blocks.get('handshake-token')!.subarray(5)
  const sealed = said.subarray(2, 2 + said.readUInt16LE(0))
  const message = said.subarray(4 + sealed.length)

  it('is read by the rules of WIRE.md, section 12.1, and has the key of the message behind it', () => {
    expect([said.readUInt16LE(0), said.readUInt16LE(2 + sealed.length)]).toEqual([129, message.length])
    expect([sealed[0], sealed.toString('hex', 1, 9)]).toEqual([1, '55'.repeat(8)])
    const [from, to] = [9, 17].map((at) => Number(sealed.readBigUInt64LE(at)))
    expect([from, to - from]).toEqual([1_800_000_000_000, 45_000])
    const key = noblePrimitives.aead('xchacha20-poly1305')!.key(Buffer.alloc(32, 0x44))
    const associated = Buffer.concat([Buffer.from('millrace-token'), sealed.subarray(0, 25)])
    const inside = Buffer.alloc(sealed.length - 49 - 16)
    expect(key.open(sealed.subarray(25, 49), associated, sealed.subarray(49), inside)).toBe(true)
    expect(inside.toString('hex')).toBe(
      ['66'.repeat(48), '03616461', '01', '0465752d31', '00', '0300', '726564'].join(''),
    )
    const responder = startHandshake({
      suite: 'Noise_NKpsk0_25519_ChaChaPoly_SHA256',
      role: 'responder',
      primitives: noblePrimitives,
      random: (size) => new Uint8Array(size).fill(0x22),
      prologue: Buffer.concat([Buffer.from('millrace/1 pipe'), sealed]),
      staticKeys: noblePrimitives.dh.pair(Buffer.alloc(32, 0x77)),
      psks: [inside.subarray(16, 48)],
    })
    expect(responder.read(message)).toHaveLength(0)
    expect(responder.turn).toBe('write')
  })
})

describe('a handshake of the page', () => {
  it('gives the keys that open its sealed packet', () => {
    const responder = startHandshake({
      suite: 'Noise_NNpsk0_25519_ChaChaPoly_SHA256',
      role: 'responder',
      primitives: noblePrimitives,
      random: (size) => new Uint8Array(size).fill(0x22),
      prologue: Buffer.from('millrace/1 pipe'),
      psks: [Uint8Array.from({ length: 32 }, (_, index) => index + 1)],
    })
    responder.read(blocks.get('handshake-1')!.subarray(6))
    expect(Buffer.from(responder.write()).toString('hex')).toBe(
      blocks.get('handshake-2')!.subarray(6).toString('hex'),
    )
    const ids = { ownId: 0xb4b3b2b1, peerId: 0xa4a3a2a1 }
    const records = new DatagramRecords(responder.split(), { role: 'responder', ...ids }, 0)
    const opened = records.open(Buffer.from(blocks.get('sealed')!), 0)
    expect(opened).toBeInstanceOf(Uint8Array)
    const parts = readParts(Buffer.from(opened as Uint8Array), 0)
    expect(parts).toEqual([
      { type: 'ack', delay: expect.any(Number), ranges: [[0, 0]] },
      {
        type: 'stream',
        lane: 0,
        offset: 0,
        bytes: blocks.get('first-packet')!.subarray(23).toString('hex'),
      },
    ])
  })
})

describe('every packet of a conversation', () => {
  it.each([1, 2, 3, 4, 5])('is what the page says, byte by byte, seed %i', (seed) => {
    const random = new Random(seed)
    const net = new DatagramEnds(seed, { loss: 0.05, delayMs: [5, 30], duplication: 0.05 })
    const types = new Set<string>()
    net.watch = (_from, packet) => {
      const bytes = Buffer.from(packet)
      const read = readPacket(bytes)
      expect(read).toBeDefined()
      expect(writePacket(read!).equals(bytes)).toBe(true)
      for (const part of 'parts' in read! ? read.parts : []) types.add(part.type)
      return packet
    }
    const sides: DatagramConnection[] = []
    const diaries = [new DatagramDiary(), new DatagramDiary()]
    net.accepted = (connection) => void sides.push(connection)
    const opening = net.open()
    net.run(5000, () => typeof opening.result === 'object' && sides.length > 0)
    sides.push(opening.result as DatagramConnection)
    for (const [index, side] of sides.entries()) {
      side.speaks(numberedRules)
      side.start(diaries[index])
    }
    for (let count = 0; count < 1500; count++) {
      const side = random.pick(sides)
      const size = random.pick([3, 40, 120, random.chance(0.05) ? 16_000 : 5])
      const head = size < 128 ? [size] : [0x80 | (size >> 8), size & 0xff]
      side.write(
        Buffer.from([count < 2 ? 0 : random.integer(0, 49), ...head, ...Buffer.alloc(size, count)]),
        net.now,
      )
      side.flush(net.now)
      net.run(random.integer(0, 10))
    }
    net.run(30_000)
    if (seed % 2 === 1) for (const side of sides) side.end(net.now)
    else sides[0].destroy(net.now)
    net.run(30_000)
    expect(diaries.map(({ goneCount, error }) => [goneCount, error])).toEqual([
      [1, undefined],
      [1, undefined],
    ])
    for (const type of [
      'ack',
      'stream',
      'message',
      'unreliable',
      'sequenced',
      'newest',
      'piece',
      'message-piece',
    ])
      expect(types).toContain(type)
    expect(types.has('close') || types.has('end')).toBe(true)
  })
})
