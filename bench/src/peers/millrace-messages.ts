import {
  bits,
  type Channel,
  type Delivery,
  type EncryptionOptions,
  generateKeyPair,
  msgpack,
  type Pipe,
  type PipeOptions,
  ProtoFactory,
  type SendResult,
  Udp,
} from 'millrace'
import { type GameMessages, gameContract, gameKey, playerState, readState, step } from '../game-state.ts'
import { benchKey, type Protection, tlsCiphers } from './protection.ts'
import { tls } from './tls-transport.ts'

/** Which of Millrace's protocols a worker speaks. */
export type ProtocolName = 'bits' | 'msgpack'

/** How a worker's messages travel, where not by tcp. */
export type Way = {
  readonly transport?: 'tcp' | 'udp' | undefined
  /** Of a state. */
  readonly delivery?: Delivery
  /** No packet is larger, in bytes. */
  readonly packetSizeMax?: number
  /** The address of the side that binds. Default: that of the loopback. */
  readonly host?: string
  /** Where a sender is full, in bytes. Default: Millrace's own. */
  readonly highWaterBytes?: number
}

const playerCount = 64

/** On a path that loses packets the system takes seconds to connect by tcp. */
export const openTimeoutMs = 30_000

/** A pipe to `port` that speaks the bench's messages; port 0 to bind anywhere. */
export function gamePipe(
  protocol: ProtocolName,
  size: number,
  port: number,
  protection: Protection = 'none',
  { transport = 'tcp', delivery, packetSizeMax, host = '127.0.0.1', highWaterBytes }: Way = {},
): Pipe<GameMessages> {
  const factory = new ProtoFactory()
    .add('game bits', bits(gameContract(size, delivery)))
    .add('game msgpack', msgpack<GameMessages>())
  const name = `game ${protocol}` as const
  if (protection === 'tls chacha20-poly1305' || protection === 'tls aes-256-gcm') {
    const withTls = factory.add('tls', tls(tlsCiphers[protection]))
    return withTls.create('tls', '127.0.0.1', port, name) as unknown as Pipe<GameMessages>
  }
  // All peers of a benchmark have one address, and begin as often as they can.
  const options = { ...pipeOptions(protection), handshakeTimeoutMs: openTimeoutMs, highWaterBytes }
  const pipe = factory.create(transport, host, port, name, options) as unknown as Pipe<GameMessages>
  if (packetSizeMax !== undefined) pipe.getProto().as(Udp).setPacketSizeMax(packetSizeMax)
  return pipe
}

/** What a pipe is told to protect its bytes in this way. */
export function pipeOptions(
  protection: Exclude<Protection, `tls ${string}`>,
): Pick<PipeOptions, 'encryption' | 'handshakeRate'> {
  if (protection === 'none') return {}
  return { encryption: encryptionOf(protection), handshakeRate: Number.POSITIVE_INFINITY }
}

function encryptionOf(protection: 'chacha20-poly1305' | 'aes-256-gcm' | 'XX'): EncryptionOptions {
  if (protection !== 'XX') return { key: benchKey, algorithm: protection }
  return { pattern: 'XX', identity: generateKeyPair(), anyPeer: true }
}

/** The port that a bound pipe was given. */
export function portOf(pipe: Pipe<GameMessages>): number {
  return (pipe.address as unknown as { port: number }).port
}

/** Makes messages of about `size` bytes out of a few players that move on from message to message. */
export function messageMaker(size: number): () => GameMessages[keyof GameMessages] {
  const players = Array.from({ length: playerCount }, (_, id) => playerState(id))
  let turn = 0
  const one = () => {
    const player = players[turn++ % playerCount]
    step(player)
    return player
  }
  const key = gameKey(size)
  if (key === 'state' || key === 'glimpse') return one
  const count = size / (key === 'glimpses' ? 16 : 64)
  const snapshot = { players: Array.from({ length: count }, (_, id) => playerState(id)) }
  return () => {
    for (const player of snapshot.players) step(player)
    return snapshot
  }
}

/** A channel's `send` for messages of one size. */
export function sender(channel: Channel<GameMessages>, size: number): () => SendResult {
  const make = messageMaker(size)
  const key = gameKey(size)
  return () => channel.send(key, make() as GameMessages['state'])
}

/** Calls `heard` with what reading the fields of each message gave. */
export function listen(channel: Channel<GameMessages>, size: number, heard: (sum: number) => void): void {
  const key = gameKey(size)
  if (key === 'state') channel.on(key, (player) => heard(readState(player)))
  else if (key === 'glimpse') channel.on(key, ({ id, x, y, health }) => heard(id + x + y + health))
  else if (key === 'glimpses') channel.on(key, ({ players }) => heard(players[0].id + players[0].x))
  else channel.on(key, ({ players }) => heard(readState(players[0])))
}
