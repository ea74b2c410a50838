import { connectEnds, DatagramEnds } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { packetKind, sealedHeaderSize, sealedTagSize, writeU32 } from '../packet/packet-layout.ts'
import type { PacketSealer } from './packet-cover.ts'

/** Gives packets the layout of sealed ones, and seals so many; then its keys are used up. Without cryptography: only its end matters here. */
class LimitedSealer implements PacketSealer {
  readonly #peerId: number
  readonly #countMax: number
  #count = 0

  constructor(peerId: number, countMax: number) {
    this.#peerId = peerId
    this.#countMax = countMax
  }

  seal(_source: Uint8Array, _from: number, to: number, into: Uint8Array, at: number): number {
    if (this.#count >= this.#countMax) throw new Error('these keys are used up')
    into[at] = packetKind.sealed
    writeU32(into, at + 1, this.#peerId)
    writeU32(into, at + 5, this.#count++)
    writeU32(into, at + 9, 0)
    return to + sealedTagSize
  }

  open(packet: Uint8Array): Uint8Array {
    return packet.subarray(sealedHeaderSize, packet.length - sealedTagSize)
  }

  close(): void {}
}

/** Two ends that are sealed; the keys of the one that was opened seal so many packets. */
function sealedEnds(countMax: number) {
  const net = new DatagramEnds(1)
  const ends = connectEnds(net)
  ends.opened.seal(new LimitedSealer(ends.opened.peer.id, countMax), net.now)
  ends.accepted.seal(new LimitedSealer(ends.accepted.peer.id, Number.POSITIVE_INFINITY), net.now)
  return { net, ...ends }
}

const frame = (number: number) => Uint8Array.of(number, 2, 7, 7)

describe('keys that are used up', () => {
  // One that replies to a message runs out in a packet that came, others when they write or when their time comes. Half of what is written leaves with what the peer's next packet sets off.
  it.each(Array.from({ length: 12 }, (_, countMax) => countMax))(
    'end the connection as exhausted after %i packets, and throw nowhere',
    (countMax) => {
      const { net, opened, client, accepted, server } = sealedEnds(countMax)
      for (let step = 0; step < 40 && !opened.isOver; step++) {
        opened.write(frame(0), net.now)
        if (step % 2 === 0) opened.flush(net.now)
        accepted.write(frame(0), net.now)
        accepted.flush(net.now)
        net.run(50)
      }
      net.run(1000)
      expect(client.error).toMatchObject({
        name: 'ConnectionError',
        code: 'exhausted',
        message: expect.stringContaining('these keys are used up'),
      })
      expect(client.goneCount).toBe(1)
      // Nothing is told as sent that was not: this network loses nothing.
      expect(client.sentSize).toBeLessThanOrEqual(
        server.shown.reduce((size, bytes) => size + bytes.length, 0),
      )
    },
  )

  it('let a connection be destroyed all the same', () => {
    const { net, opened, client } = sealedEnds(0)
    opened.destroy(net.now)
    net.run(1000)
    expect(client.goneCount).toBe(1)
  })
})

it('a side that has keys has no budget before its peer has heard all of the handshake: nothing would leave', () => {
  const net = new DatagramEnds(1)
  const { opened, accepted } = connectEnds(net)
  for (const end of [opened, accepted]) end.expectKeys()
  opened.say(Uint8Array.of(1, 2, 3), net.now)
  opened.seal(new LimitedSealer(opened.peer.id, 100), net.now)
  accepted.seal(new LimitedSealer(accepted.peer.id, 100), net.now)
  opened.write(frame(0), net.now)
  opened.flush(net.now)
  const before = {
    isHeard: opened.machines.handshake.isHeard,
    pending: opened.machines.outgoing.pendingBytes,
  }
  expect([before, opened.budgetBytes(net.now)]).toEqual([{ isHeard: false, pending: 4 }, 0])
  net.run(1000, () => opened.machines.handshake.isHeard)
  expect(opened.machines.outgoing.pendingBytes).toBe(0)
  expect(opened.budgetBytes(net.now)).toBeGreaterThan(1000)
})
