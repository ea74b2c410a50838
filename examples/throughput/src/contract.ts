/**
 * What sender and receiver say to each other, and the two protocols that can carry it. `bits` compiles the contract;
 * `msgpack` needs none and takes its types only.
 */
import { bits, contract, f32, type MessagesOf, msgpack, request, u16, u32 } from 'millrace'
import { bytes, f64 } from 'millrace/schema'

export const sizeMin = 16
export const sizeMax = 1 << 20

const vector = { x: f32, y: f32, z: f32 }

/** What a game would send of a moving thing: 64 bytes of numbers. */
const move = {
  id: u32,
  tick: u32,
  position: { x: f64, y: f64, z: f64 },
  velocity: vector,
  rotation: { ...vector, w: f32 },
  health: u16,
  flags: u16,
}

/** Any number of bytes, for all other sizes: their content is not looked at. */
const blob = { data: bytes(sizeMax) }

/** For `bits` to register. */
export const throughputBits = bits(
  contract({
    // One way, as many as fit.
    move,
    blob,
    // There and back, one at a time.
    movePing: move,
    blobPing: blob,
    // What the receiver counted so far. Messages keep their order, so the reply covers all that was sent before.
    mark: request({}, { messages: f64, cpuMicroseconds: f64 }),
  }),
)

export type Throughput = MessagesOf<typeof throughputBits>

/** For `msgpack` to register. */
export const throughputMsgpack = msgpack<Throughput>()
