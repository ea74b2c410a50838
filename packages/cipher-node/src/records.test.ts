import { randomBytes } from 'node:crypto'
import {
  DATAGRAM_OVERHEAD,
  DatagramRecords,
  noblePrimitives,
  type Primitives,
  RECORD_OVERHEAD,
  RecordOpener,
  RecordSealer,
  startHandshake,
} from '@millrace/cipher'
import { describe, expect, it } from 'vitest'
import { fastestPrimitives } from './fastest.ts'

const implementations = [noblePrimitives, fastestPrimitives]
const pairings = implementations.flatMap((client) =>
  implementations.map((server) => [client, server] as const),
)
const suites = ['Noise_NNpsk0_25519_ChaChaPoly_SHA256', 'Noise_NNpsk0_25519_AESGCM_BLAKE2s'] as const

function shake(suite: (typeof suites)[number], client: Primitives, server: Primitives) {
  const psks = [randomBytes(32)]
  const random = (size: number) => randomBytes(size)
  const opening = startHandshake({ suite, role: 'initiator', primitives: client, random, psks })
  const accepting = startHandshake({ suite, role: 'responder', primitives: server, random, psks })
  accepting.read(opening.write())
  opening.read(accepting.write())
  return [opening.split(), accepting.split()] as const
}

describe.each(pairings)('records between two implementations, pairing %#', (client, server) => {
  it.each(suites)('of a stream, over several keys, cut anywhere: %s', (suite) => {
    const [near, far] = shake(suite, client, server)
    const sealer = new RecordSealer(near.send, { recordSizeMax: 2048, rekey: { records: 3 } })
    const opener = new RecordOpener(far.receive)
    const plaintext = randomBytes(40_000)
    const wire = new Uint8Array(sealer.room(plaintext.length))
    let size = 0
    const target = {
      bytes: wire,
      reserve: () => size,
      commit: (end: number) => {
        size = end
      },
    }
    sealer.append(plaintext, target, 0)
    expect(sealer.rekeyCount).toBeGreaterThan(3)
    expect(size).toBeGreaterThan(plaintext.length + RECORD_OVERHEAD)
    const opened: Uint8Array[] = []
    for (let at = 0, step = 1; at < size; at += step, step = 1 + ((step * 7) % 1500)) {
      opener.receive(wire.slice(at, Math.min(size, at + step)), 'given')
      for (let part = opener.next(); part !== undefined; part = opener.next())
        opened.push(new Uint8Array(part))
    }
    expect(opener.failure).toBeUndefined()
    expect(Buffer.concat(opened).equals(plaintext)).toBe(true)
    expect(opener.rekeyCount).toBe(sealer.rekeyCount)
  })

  it.each(suites)('of the largest size, with its plaintext there until it was read: %s', (suite) => {
    const [near, far] = shake(suite, client, server)
    const sealer = new RecordSealer(near.send)
    const opener = new RecordOpener(far.receive)
    const size = sealer.payloadSizeMax
    const sent = [randomBytes(size), randomBytes(size)]
    const wire = sent.map((plaintext) => {
      // In place, as a link may: two bytes before the plaintext.
      const record = new Uint8Array(size + RECORD_OVERHEAD)
      record.set(plaintext, 2)
      expect(sealer.seal(record, 2, 2 + size, record, 0, 0)).toBe(record.length)
      return record
    })
    opener.receive(Buffer.concat(wire), 'given')
    expect(Buffer.compare(opener.next() ?? Buffer.of(), sent[0])).toBe(0)
    const last = opener.next()
    // A handler that ends its channel does so in the middle of a record.
    opener.release()
    expect(Buffer.compare(last ?? Buffer.of(), sent[1])).toBe(0)
  })

  it.each(suites)('of datagrams, out of their order: %s', (suite) => {
    const [near, far] = shake(suite, client, server)
    const sending = new DatagramRecords(near, { role: 'initiator', ownId: 1, peerId: 2 }, 0)
    const receiving = new DatagramRecords(far, { role: 'responder', ownId: 2, peerId: 1 }, 0)
    const bodies = Array.from({ length: 40 }, (_, index) => Buffer.from(`body ${index}`))
    const packets = bodies.map((body) => {
      const packet = new Uint8Array(body.length + DATAGRAM_OVERHEAD)
      expect(sending.seal(body, 0, body.length, packet, 0, 1)).toBe(packet.length)
      return packet
    })
    const order = packets.map((_, index) => (index * 7) % packets.length)
    for (const index of order) {
      const plain = receiving.open(packets[index].slice(), 2)
      expect(plain).toBeInstanceOf(Uint8Array)
      expect(Buffer.compare(plain as Uint8Array, bodies[index])).toBe(0)
      expect(receiving.open(packets[index].slice(), 2)).toBe('replayed')
    }
  })
})
