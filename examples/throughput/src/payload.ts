/** The messages of one size: how to send one, and how to send one that comes back. */
import type { Channel, SendResult } from 'millrace'
import type { Throughput } from './contract.ts'

export interface Payload {
  /** What is in it, for people. */
  readonly text: string
  send(channel: Channel<Throughput>): SendResult
  ping(channel: Channel<Throughput>): SendResult
  /** Calls `run` whenever a ping has come back. */
  onPong(channel: Channel<Throughput>, run: () => void): void
}

const moveSize = 64

/** 64 bytes are a struct of typed numbers, as games send them; any other size is a field of bytes with its size in front. */
export function payloadOf(size: number): Payload {
  if (size !== moveSize) {
    const blob = { data: new Uint8Array(size - prefixSize(size)).fill(7) }
    return {
      text: `a field of ${blob.data.length} bytes and its size prefix`,
      send: (channel) => channel.send('blob', blob),
      ping: (channel) => channel.send('blobPing', blob),
      onPong: (channel, run) => channel.on('blobPing', run),
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
    // `send` has encoded the body when it returns: the same object serves for the next message.
    send: (channel) => {
      move.tick = (move.tick + 1) >>> 0
      return channel.send('move', move)
    },
    ping: (channel) => channel.send('movePing', move),
    onPong: (channel, run) => channel.on('movePing', run),
  }
}

/** What the size in front of the bytes takes in `bits`. */
function prefixSize(size: number): number {
  if (size < 128 + 1) return 1
  return size < 16_384 + 2 ? 2 : 4
}
