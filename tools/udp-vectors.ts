/** The packets and parts that docs/UDP.md shows, as the code of this repository writes them. */
import { createHmac } from 'node:crypto'
import { DatagramRecords, noblePrimitives, startHandshake, TokenIssuer } from '@millrace/cipher'
import { noise } from '@millrace/core/noise'
import { connectTokens } from '@millrace/core/tokens'
import {
  type DatagramConnection,
  DatagramEndpoint,
  type EndpointHost,
  type FrameDelivery,
  Outgoing,
  ReceivedPackets,
} from '@millrace/datagram'
import { bits } from 'millrace'
import { BlockPool } from 'millrace/extend'
import { type Part, readPacket, writePart } from './udp-peer.ts'
import { vectorContract } from './wire-contract.ts'
import { answered, helloOf, written } from './wire-frames.ts'

const sharedKey = Buffer.from('0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20', 'hex')
const idle = { frames() {}, sent() {}, ended() {}, gone() {}, stored() {}, heard() {}, proven() {} }
const hmac = (secret: Uint8Array, bytes: Uint8Array) => createHmac('sha256', secret).update(bytes).digest()

/** One side with known random bytes, and what it has sent. */
class Side implements EndpointHost {
  readonly endpoint: DatagramEndpoint
  readonly sent: Buffer[] = []
  connection: DatagramConnection | undefined
  readonly #eights: string[]

  constructor(role: 'accepting' | 'opening', eights: readonly string[]) {
    this.#eights = [...eights]
    const options = { pool: new BlockPool(), mac: hmac, packetSizeMax: 1200, role }
    this.endpoint = new DatagramEndpoint(this, options, 0)
  }

  send(bytes: Uint8Array, from: number, to: number): void {
    this.sent.push(Buffer.from(bytes.slice(from, to)))
  }

  random(size: number): Uint8Array {
    return size === 8 ? Buffer.from(this.#eights.shift()!, 'hex') : Buffer.alloc(size, 0x5e)
  }

  later(): void {}

  rescheduled(): void {}

  accepted(connection: DatagramConnection): void {
    this.connection = connection
  }

  /** What was sent last, and is to be sent no more. */
  take(): Buffer {
    return this.sent.splice(0).at(-1)!
  }
}

const client = { host: '192.0.2.7', port: 50_000 } as const
const server = { host: '192.0.2.1', port: 7777 } as const

/** Every block of the page by its name. */
export function udpVectors(): ReadonlyMap<string, Buffer> {
  return new Map([
    ...beforeConnection(),
    ...connected(),
    ...windows(),
    ...frames(),
    ...acks(),
    ...sealed(),
    ...withToken(),
  ])
}

/** Two sides between which there is a connection since a second, and the packets that made it. */
function meet() {
  const opening = new Side('opening', ['a1a2a3a4a5a6a7a8'])
  const accepting = new Side('accepting', ['b1b2b3b4b5b6b7b8', 'c1c2c3c4c5c6c7c8'])
  opening.endpoint.open(
    server.host,
    server.port,
    (outcome) => {
      if ('connection' in outcome) opening.connection = outcome.connection
    },
    1000,
  )
  const toServer = (
    packet: Buffer,
    now: number,
    from: { readonly host: string; readonly port: number } = client,
  ) => accepting.endpoint.receive(Buffer.from(packet), from.host, from.port, now)
  const toClient = (packet: Buffer, now: number) =>
    opening.endpoint.receive(Buffer.from(packet), server.host, server.port, now)
  const request = opening.take()
  toServer(request, 1000)
  const retry = accepting.take()
  toClient(retry, 1000)
  const again = opening.take()
  toServer(again, 1000)
  const accept = accepting.take()
  toClient(accept, 1000)
  const [opened, accepted] = [opening.connection!, accepting.connection!]
  for (const connection of [opened, accepted]) connection.start(idle)
  return {
    opening,
    accepting,
    opened,
    accepted,
    toServer,
    toClient,
    early: { request, retry, again, accept },
  }
}

function beforeConnection(): [name: string, bytes: Buffer][] {
  const { accepting, toServer, early } = meet()
  const other = Buffer.from(early.request)
  other[1] = 9
  toServer(other, 1000)
  return [
    ['request', early.request],
    ['retry', early.retry],
    ['request-with-cookie', early.again],
    ['accept', early.accept],
    ['refuse', accepting.take()],
  ]
}

/** Hellos, a path that changes, the ends. */
function connected(): [name: string, bytes: Buffer][] {
  const { opening, accepting, opened, accepted, toServer, toClient } = meet()
  const game = bits(vectorContract)
  const table = game.frames!({ messageSizeMax: 1 << 20 })
  const hello = helloOf(game)
  for (const connection of [opened, accepted]) connection.speaks(table)
  opened.write(hello, 1000)
  opened.flush(1000)
  const first = opening.take()
  toServer(first, 1000)
  accepted.write(answered(game, hello), 1002)
  accepted.flush(1002)
  const answer = accepting.take()
  toClient(answer, 1004)
  opened.write(
    written(game, (session) => session.ping?.(1)),
    1004,
  )
  opened.flush(1004)
  const said = opening.take()
  toServer(said, 1004, { host: '198.51.100.9', port: 4444 })
  const challenge = accepting.sent.splice(0).find((packet) => packet[15] === 4)!
  toClient(challenge, 1006)
  const response = opening.take()
  toServer(response, 1006)
  accepted.end(1006)
  const end = accepting.take()
  opened.destroy(1008)
  return [
    ['first-packet', first],
    ['answer', answer],
    ['challenge', partOf(challenge, 'challenge')],
    ['response', partOf(response, 'response')],
    ['end', partOf(end, 'end')],
    ['close', opening.take()],
  ]
}

/** A window is told when half of it was read: here by pieces of 1,100 bytes, each answered before the next leaves, so that how fast a sender may be changes nothing. */
function windows(): [name: string, bytes: Buffer][] {
  const { opening, accepting, opened, accepted, toServer, toClient } = meet()
  for (let now = 1000; now < 8000; now += 10) {
    opened.write(new Uint8Array(1100), now)
    opened.flush(now)
    for (const packet of opening.sent.splice(0)) toServer(packet, now)
    accepted.settle(now)
    accepting.endpoint.advance(now)
    for (const packet of accepting.sent.splice(0)) {
      toClient(packet, now)
      const told = partsOf(packet).find(({ type }) => type === 'window')
      if (told !== undefined) return [['window', writePart(told)]]
    }
    opening.endpoint.advance(now)
  }
  throw new Error('no window was told')
}

/** Each delivery, whole and in pieces. */
function frames(): [name: string, bytes: Buffer][] {
  const game = bits(vectorContract)
  const move = written(game, (session) => session.encode(0, { id: 7, x: 1, y: -2.5 }))
  const buy = written(game, (session) => session.encodeRequest?.(9, 1, { item: 513, count: 3 }))
  const ping = written(game, (session) => session.ping?.(0x01020304))
  const chat = written(game, (session) => session.encode(2, { from: 7, line: 'x'.repeat(50) }))
  const filled = (delivery: FrameDelivery, frame: Buffer, packets = 1) => {
    const out = new Outgoing({ pool: new BlockPool(), packetRoom: 40, windowSize: 1 << 20 })
    const bytes = Buffer.alloc(40)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (const one of [frame, ...Array<Buffer>(packets - 1).fill(frame)])
      out.write(one, 0, one.length, delivery, 3, 0)
    return bytes.subarray(0, out.fill(bytes, view, 0, bytes.length, [], 0))
  }
  return [
    ['stream', filled('reliable', buy)],
    ['message', filled('reliableUnordered', ping)],
    ['message-piece', filled('reliableUnordered', chat)],
    ['unreliable', filled('unreliable', move)],
    ['sequenced', filled('sequenced', move)],
    ['newest', filled('latestByKey', move)],
    ['newest-piece', filled('latestByKey', chat)],
    ['unreliable-piece', filled('unreliable', chat)],
  ]
}

function acks(): [name: string, bytes: Buffer][] {
  const received = new ReceivedPackets()
  for (const number of [0, 1, 2, 4, 5, 6, 7, 300]) received.receive(number, 0, 'soon')
  const bytes = Buffer.alloc(40)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  bytes[0] = 2
  return [['ack', bytes.subarray(0, received.writeAck(bytes, view, 1, bytes.length, 2))]]
}

/** A handshake with a shared key, and the first packet sealed by its keys. */
function sealed(): [name: string, bytes: Buffer][] {
  const { opening, accepting, opened, accepted, toServer } = meet()
  const side = (role: 'initiator' | 'responder', ephemeral: number) =>
    startHandshake({
      suite: 'Noise_NNpsk0_25519_ChaChaPoly_SHA256',
      role,
      primitives: noblePrimitives,
      random: (size) => new Uint8Array(size).fill(ephemeral),
      prologue: Buffer.from('millrace/1 pipe'),
      psks: [sharedKey],
    })
  const [initiator, responder] = [side('initiator', 0x11), side('responder', 0x22)]
  const one = initiator.write()
  responder.read(one)
  const two = responder.write()
  initiator.read(two)
  const sized = (message: Uint8Array) => Buffer.concat([Buffer.from([message.length, 0]), message])
  for (const connection of [opened, accepted]) connection.expectKeys()
  opened.say(sized(one), 1000)
  const first = opening.take()
  toServer(first, 1000)
  accepted.say(sized(two), 1001)
  const second = accepting.take()
  const ids = { ownId: opened.own.id, peerId: opened.peer.id }
  const records = new DatagramRecords(initiator.split(), { role: 'initiator', ...ids }, 0)
  opening.endpoint.receive(Buffer.from(second), server.host, server.port, 1002)
  opened.seal(records, 1002)
  opened.write(helloOf(bits(vectorContract)), 1002)
  opened.flush(1002)
  return [
    ['handshake-1', partOf(first, 'handshake')],
    ['handshake-2', partOf(second, 'handshake')],
    ['sealed', opening.take()],
  ]
}

/** What a side says first that has a token. */
function withToken(): [name: string, bytes: Buffer][] {
  const primitives = noblePrimitives
  const filled = (fill: number, size = 32) => new Uint8Array(size).fill(fill)
  const keyring = { primitives, key: filled(0x44), applicationId: filled(0x55, 8) }
  const { publicKey } = primitives.dh.pair(filled(0x77))
  const order = {
    userId: 'ada',
    servers: [{ id: 'eu-1', address: '192.0.2.1:7777', publicKey }],
    userData: Buffer.from('red'),
  }
  const token = new TokenIssuer(keyring, (size) => filled(0x66, size)).issue(order, 1_800_000_000_000)
  const random = (size: number) => filled(0x11, size)
  const { options, loader } = noise({ token }, { primitives, random, tokens: connectTokens })
  const { handshake } = loader.loaded!.prepare(options, 'opened').plan('pipe', {})
  const messages = [handshake.write(), handshake.write()]
  const { opening, opened } = meet()
  opened.expectKeys()
  opened.say(Buffer.concat(messages.flatMap((message) => [Buffer.from([message.length, 0]), message])), 1000)
  return [['handshake-token', partOf(opening.take(), 'handshake')]]
}

function partsOf(packet: Buffer): readonly Part[] {
  const read = readPacket(packet)
  return read !== undefined && 'parts' in read ? read.parts : []
}

/** The bytes of the first part of a type. */
function partOf(packet: Buffer, type: Part['type']): Buffer {
  const part = partsOf(packet).find((each) => each.type === type)
  if (part === undefined) throw new Error(`no ${type} in ${packet.toString('hex')}`)
  const bytes = writePart(part)
  if (!packet.includes(bytes)) throw new Error(`a part of type ${type} is not written as it was read`)
  return bytes
}
