import { BlockPool } from '@millrace/buffer'
import { Random } from '@millrace/testkit'
import { codeMessageEnd } from '@millrace/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentsMessage } from '../base/packet-contents.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { partType } from './part-types.ts'

const fixedSizes = new Int32Array(codeMessageEnd).fill(-1)
fixedSizes[7] = 3

let pool: BlockPool
let incoming: Incoming

beforeEach(() => {
  pool = new BlockPool({ checks: 'on' })
  incoming = make()
})

afterEach(() => {
  incoming.release()
  expect(pool.outstanding()).toEqual([])
})

function make(windowSize = 20_000): Incoming {
  const made = new Incoming({ pool, bodySizeMax: 10_000, windowSize })
  made.ends.fixedSizes = fixedSizes
  return made
}

/** Receives one part: its type, and what follows. */
function receive(part: readonly number[] | Uint8Array, now = 0): string {
  const bytes = Uint8Array.from(part)
  return incoming.receive(bytes[0], bytes, new DataView(bytes.buffer), 1, bytes.length, now)
}

/** The bytes of all frames that can be shown. */
function shown(): number[][] {
  const frames: number[][] = []
  while (incoming.next()) frames.push([...incoming.bytes.subarray(incoming.from, incoming.to)])
  return frames
}

const offset = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, 0, 0, 0]

describe('parts of a packet', () => {
  it('are shown in the packet, each with what brought it', () => {
    const parts = [
      [partType.newest, 0, 7, 1, 2, 3],
      [partType.unreliable, 9, 1, 5],
      [partType.sequenced, 0, 0, 8, 0],
      [partType.message, 0, 9, 2, 6, 6],
      [partType.stream + 15, ...offset(0), 4, 7, 1, 2, 3],
    ]
    const packet = Uint8Array.from(parts.flat())
    const view = new DataView(packet.buffer)
    for (let at = 0; at < packet.length; at = incoming.partEnd)
      expect(incoming.receive(packet[at], packet, view, at + 1, packet.length, 0)).toBe('')
    const frames: unknown[] = []
    while (incoming.next()) {
      expect(incoming.bytes).toBe(packet)
      const { type, from, to } = incoming
      const { bodyStart } = endOf(incoming, packet, from, to)
      frames.push([type, packet[from], from, bodyStart - from, to - bodyStart])
    }
    expect(frames).toEqual([
      [partType.newest, 7, 2, 1, 3],
      [partType.unreliable, 9, 7, 2, 1],
      [partType.sequenced, 8, 13, 2, 0],
      [partType.message, 9, 17, 2, 2],
      [partType.stream + 15, 7, 29, 1, 3],
    ])
    expect([incoming.consumed(15), incoming.consumed(contentsMessage), incoming.consumed(0)]).toEqual([
      4, 4, 0,
    ])
    expect(pool.statistics().takeCount).toBe(0)
  })

  it('are copied when they are not shown in time', () => {
    const bytes = Uint8Array.of(partType.unreliable, 9, 1, 5, partType.stream, ...offset(0), 2, 9, 0)
    const view = new DataView(bytes.buffer)
    incoming.receive(bytes[0], bytes, view, 1, bytes.length, 0)
    incoming.receive(bytes[4], bytes, view, 5, bytes.length, 0)
    expect(incoming.weight).toBe(3)
    incoming.keep()
    bytes.fill(0xff)
    expect(incoming.weight).toBe(3 + 9 + 2)
    receive([partType.unreliable, 9, 1, 6])
    expect(shown()).toEqual([
      [9, 1, 5],
      [9, 1, 6],
      [9, 0],
    ])
    expect(incoming.weight).toBe(0)
  })

  it('that wait are not shown when a newer one came', () => {
    receive([partType.sequenced, 1, 0, 9, 1, 1])
    receive([partType.newest, 1, 9, 1, 2])
    receive([partType.piece, partType.newest, 9, 2, 3, 0, 3, 9, 1, 3])
    receive([partType.piece, partType.newest, 9, 3, 3, 0, 3, 9, 1, 4])
    receive([partType.sequenced, 2, 0, 9, 1, 5])
    expect(shown()).toEqual([
      [9, 1, 5],
      [9, 1, 4],
    ])
    expect(incoming.weight).toBe(0)
  })
})

describe('a frame in pieces', () => {
  it.each([
    ['unreliable', [partType.piece, partType.unreliable, 5]],
    ['sequenced', [partType.piece, partType.sequenced, 9, 5]],
    ['newest', [partType.piece, partType.newest, 9, 5]],
    ['unordered', [partType.messagePiece, 5]],
  ])('is shown once, though its last piece comes twice (%s)', (_name, header) => {
    receive([...header, 4, 0, 2, 9, 2])
    receive([...header, 4, 2, 2, 6, 7])
    receive([...header, 4, 2, 2, 6, 7])
    receive([...header, 4, 0, 4, 9, 2, 6, 7])
    expect(shown()).toEqual([[9, 2, 6, 7]])
    expect(incoming.weight).toBe(0)
  })
})

describe('a lie about', () => {
  const varint4 = [0xff, 0xff, 0xff, 0xff]
  const { stream, message, messagePiece, unreliable, sequenced, newest, piece } = partType
  it.each([
    ['a type', [0x26, 1, 1], 'type 38'],
    ['a type below', [0x0f, 1, 1], 'type 15'],
    ['an offset that is cut', [stream, 1, 2, 3], 'cut'],
    ['a size that is cut', [stream, ...offset(0), 0x81], 'cut'],
    ['the size of a part of a stream', [stream, ...offset(0), 3, 1, 1], 'cut'],
    ['a part of a stream of no bytes', [stream, ...offset(0), 0, 1], 'no bytes'],
    ['an offset behind the window', [stream, ...offset(20_000), 1, 1], 'its window to 20000'],
    ['the largest offset', [stream, 255, 255, 255, 255, 255, 255, 1, 1], 'up to 281474976710656'],
    ['an id that is cut', [message, 0x81], 'cut'],
    ['an id too far ahead', [message, 0x84, 0x00, 9, 0], 'ahead'],
    ['the size of a whole frame', [message, 0, 9, 3, 1, 1], 'cut'],
    ['a whole frame that is too large', [message, 0, 9, ...varint4], 'larger than 10000'],
    ['a whole frame that is not there', [unreliable], 'cut'],
    ['a sequence that is cut', [sequenced, 1], 'cut'],
    ['a fixed size', [newest, 0, 7, 1, 2], 'cut'],
    ['a frame without a number', [newest, 0, 0x82, 1, 2], 'code 130'],
    ['the total of a piece', [messagePiece, 0, ...varint4, 0, 1, 1], 'above the limit of 10005'],
    ['a total of nothing', [messagePiece, 0, 0, 0, 1, 1], 'ends at 1, its frame at 0'],
    ['a piece of no bytes', [messagePiece, 0, 5, 5, 0], 'no bytes'],
    ['a piece that ends behind its frame', [messagePiece, 0, 5, 4, 2, 1, 1], 'ends at 6, its frame at 5'],
    ['a piece at the largest offset', [messagePiece, 0, 5, ...varint4, 1, 1], 'its frame at 5'],
    ['a piece that ends behind its packet', [messagePiece, 0, 50, 0, 3, 1, 1], 'cut'],
    ['pieces that make two frames', [messagePiece, 0, 6, 0, 6, 9, 1, 1, 9, 1, 1], 'no frame'],
    ['pieces that make no whole frame', [messagePiece, 0, 2, 0, 2, 9, 1], 'no frame'],
    [
      'pieces of a lossy frame that is too large',
      [piece, unreliable, 0, 4, 0, 4, 9, 0xbf, 0xff, 1],
      'larger',
    ],
    ['what a piece is of', [piece, message, 0, 4, 0, 4, 9, 2, 1, 1], 'part type 32'],
    ['a number', [piece, newest, 8, 0, 4, 0, 4, 9, 2, 1, 1], 'message 8'],
  ])('%s is found', (_what, part, text) => {
    expect(receive(part)).toContain(text)
    expect(shown()).toEqual([])
  })

  it('the size of a frame of a stream is found when it would be shown', () => {
    expect(receive([stream + 3, ...offset(0), 4, 9, 1, 1, 9])).toBe('')
    expect(receive([stream + 3, ...offset(4), 3, 0xbf, 0xff, 1])).toBe('')
    expect(shown()).toEqual([[9, 1, 1]])
    expect(incoming.violation).toContain('at 3 of a stream is larger than 10000 bytes')
    expect(incoming.next()).toBe(false)
  })

  it('nothing is no lie: old ids and sequences, twice the same', () => {
    for (const part of [
      [message, 0, 9, 0],
      [message, 0xff, 0xff, 0xff, 0xff, 9, 0],
      [newest, 5, 9, 0],
      [newest, 4, 9, 0],
      [stream, ...offset(0), 2, 9, 0],
    ]) {
      expect(receive(part)).toBe('')
      expect(receive(part)).toBe('')
    }
    expect(shown()).toEqual([
      [9, 0],
      [9, 0],
      [9, 0],
    ])
  })
})

describe('a reader that is behind', () => {
  it('loses lossy frames, and newest ones come again', () => {
    const body = new Uint8Array(5000)
    const frame = [9, 0x93, 0x88, ...body]
    for (let count = 0; count < 53; count++) expect(receive([partType.unreliable, ...frame])).toBe('')
    incoming.keep()
    expect(incoming.dropped).toBe(0)
    expect(receive([partType.newest, 0, ...frame])).toBe('drop')
    expect(receive([partType.sequenced, 0, 0, ...frame])).toBe('')
    expect(receive([partType.unreliable, ...frame])).toBe('')
    expect(incoming.dropped).toBe(2)
    expect(receive([partType.message, 0, ...frame])).toBe('')
    expect(shown()).toHaveLength(54)
    expect(receive([partType.newest, 0, ...frame])).toBe('')
    expect(receive([partType.sequenced, 0, 0, ...frame])).toBe('')
    expect(shown()).toHaveLength(2)
  })

  it('holds no more unordered frames than the window allows', () => {
    for (let id = 0; id < 4; id++)
      expect(receive([partType.message, id, 9, 0x93, 0x83, ...new Uint8Array(4995)])).toBe('')
    incoming.keep()
    expect(receive([partType.message, 4, 9, 0x93, 0x83, ...new Uint8Array(4995)])).toContain('window')
    expect(incoming.weight).toBe(4 * (4998 + 9))
  })
})

/** Most that a connection may cost with these limits: streams, unordered, lossy and newest frames in pieces, and held ones. */
const weightMax =
  16 * (20_000 + 65 * 256) + (20_000 * 5 + 1024 * 512) + 2 * (256 * 1024 + 8 * 65 * 512) + 300_000

/** A packet of a sender that writes anything, or bytes without any sense. */
function packetOf(out: Outgoing, random: Random): Uint8Array {
  if (random.chance(0.2)) {
    const bytes = random.bytes(random.integer(2, 60))
    bytes[0] = random.integer(0x0f, 0x26)
    return bytes
  }
  for (let count = random.integer(0, 3); count > 0; count--) {
    const frame = random.bytes(random.integer(4, random.chance(0.05) ? 3000 : 60))
    frame[0] = random.integer(8, 12)
    const size = frame.length - 3
    frame.set([0x80 | (size >> 8), size & 0xff], 1)
    const delivery = random.pick([
      'reliable',
      'reliableUnordered',
      'sequenced',
      'latestByKey',
      'unreliable',
    ] as const)
    out.write(frame, 0, frame.length, delivery, random.integer(0, 2), 0)
  }
  const bytes = new Uint8Array(random.integer(40, 400))
  return bytes.subarray(0, out.fill(bytes, new DataView(bytes.buffer), 0, bytes.length, [], 0))
}

/** Feeds packets, most of them changed somewhere; a connection that found a violation gives its place to another. Returns how many were found. */
function fuzz(seed: number, executions: number): number {
  const random = new Random(seed)
  let violations = 0
  let out = new Outgoing({ pool, packetRoom: 400, windowSize: 20_000 })
  for (let execution = 0; execution < executions; execution++) {
    const bytes = packetOf(out, random).slice()
    const view = new DataView(bytes.buffer)
    for (let count = random.chance(0.3) ? random.integer(1, 4) : 0; count > 0 && bytes.length > 0; count--)
      bytes[random.integer(0, bytes.length - 1)] = random.chance(0.5)
        ? random.integer(0, 255)
        : random.pick([0, 0x7f, 0x80, 0xff])
    let answer = ''
    for (let at = 0; at < bytes.length && (answer === '' || answer === 'drop'); at = incoming.partEnd) {
      const before = at
      answer = incoming.receive(bytes[at], bytes, view, at + 1, bytes.length, execution)
      if (answer !== '' && answer !== 'drop') break
      expect(incoming.partEnd).toBeGreaterThan(before)
      expect(incoming.partEnd).toBeLessThanOrEqual(bytes.length)
    }
    for (let count = random.integer(0, 20); count > 0 && incoming.next(); count--) {
      const { bodyStart, end } = endOf(incoming, incoming.bytes, incoming.from, incoming.to)
      expect(incoming.from).toBeLessThan(bodyStart)
      expect(end).toBe(incoming.to)
      expect(incoming.to).toBeLessThanOrEqual(incoming.bytes.length)
    }
    incoming.keep()
    bytes.fill(0xee)
    if (random.chance(0.1)) incoming.expire(execution)
    expect(incoming.weight).toBeLessThan(weightMax)
    if ((answer === '' || answer === 'drop') && incoming.violation === '' && !random.chance(0.002)) continue
    violations++
    incoming.release()
    out.release()
    expect(pool.outstanding()).toEqual([])
    incoming = make()
    out = new Outgoing({ pool, packetRoom: 400, windowSize: 20_000 })
  }
  out.release()
  return violations
}

describe('anything at all', () => {
  it.each([1, 2, 3])('is taken, dropped or refused (seed %i)', (seed) => {
    expect(fuzz(seed, 1500)).toBeGreaterThan(100)
  })
})

/** Where the body of a shown frame begins, and where the frame ends, as its header says. */
function endOf(
  { ends }: Incoming,
  bytes: Uint8Array,
  from: number,
  to: number,
): { bodyStart: number; end: number } {
  return { end: ends.read(bytes, from, to), bodyStart: ends.bodyStart }
}
