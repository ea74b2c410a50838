/** What the processes of this example say to each other, and the messages of one size. */
import {
  bits,
  bool,
  type Channel,
  contract,
  f32,
  type MessagesOf,
  request,
  type SendResult,
  text,
  u16,
  u32,
} from 'millrace'
import { bytes, f64 } from 'millrace/schema'

export const sizeMin = 16
export const sizeMax = 1 << 20

const vector = { x: f32, y: f32, z: f32 }

export const messages = bits(
  contract({
    /** What a game would send of a moving thing: 64 bytes of numbers. */
    move: {
      id: u32,
      tick: u32,
      position: { x: f64, y: f64, z: f64 },
      velocity: vector,
      rotation: { ...vector, w: f32 },
      health: u16,
      flags: u16,
    },
    /** Any number of bytes, for all other sizes. */
    blob: { data: bytes(sizeMax) },
    /** What the receiver counted so far, and whether it sends back what comes from now on. */
    mark: request({ echo: bool }, { messages: f64, accepted: u32, cpuMicroseconds: f64 }),
    /** The message that is attacked. `coins` comes last, so that a man in the middle knows where it is. */
    give: { turn: u32, note: text(40), coins: u32 },
    /** How many of them came: the answer comes after all that was sent before. */
    count: request({}, { given: u32 }),
  }),
)

export type Messages = MessagesOf<typeof messages>

/** The messages of one size. */
export interface Payload {
  /** What is in one, for people. */
  readonly text: string
  send(channel: Channel<Messages>): SendResult
  /** Calls `run` with each that comes back. */
  onReturn(channel: Channel<Messages>, run: () => void): void
}

/** 64 bytes are a struct of typed numbers, as games send them; any other size is a field of bytes with its size in front. */
export function payloadOf(size: number): Payload {
  if (size !== 64) {
    const prefixSize = size < 129 ? 1 : size < 16_386 ? 2 : 4
    const blob = { data: new Uint8Array(size - prefixSize).fill(7) }
    return {
      text: `a field of ${blob.data.length} bytes and its size prefix`,
      send: (channel) => channel.send('blob', blob),
      onReturn: (channel, run) => void channel.on('blob', run),
    }
  }
  const move = {
    id: 70_001,
    tick: 123_456,
    position: { x: 1034.25, y: -20.5, z: 377.125 },
    velocity: { x: 1.5, y: 0, z: -4.25 },
    rotation: { x: 0, y: 0.5, z: 0, w: 0.75 },
    health: 87,
    flags: 5,
  }
  return {
    text: 'a struct of 14 numbers',
    send: (channel) => channel.send('move', move),
    onReturn: (channel, run) => void channel.on('move', run),
  }
}
