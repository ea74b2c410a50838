import { connectEnds, DatagramEnds } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { packetKind, writeAddressee } from '../packet/packet-layout.ts'
import type { DatagramConnection } from './connection.ts'

function connect() {
  const net = new DatagramEnds(1)
  const { opened, client } = connectEnds(net)
  return { net, opened, diary: client }
}

/** A ping of the peer, under a number of its own. */
function ping(to: DatagramConnection, number: number): Uint8Array {
  const packet = new Uint8Array(48)
  packet[0] = packetKind.plain
  writeAddressee(packet, 1, to.own)
  packet[9] = number
  packet[15] = 0x01
  return packet
}

describe('a connection that is over', () => {
  it.each(['at once', 'in order'])(
    'answers eight packets that come late, and forgets all after its time, when it ended %s',
    (how) => {
      const { net, opened, diary } = connect()
      if (how === 'at once') opened.destroy(net.now)
      else {
        opened.end(net.now)
        net.server.connections[0].end(net.now)
        net.run(10_000, () => diary.goneCount > 0)
      }
      const answers: number[] = []
      net.watch = (from, packet) => {
        if (from === net.client) answers.push(packet[15])
        return undefined
      }
      for (let number = 100; number < 120; number++)
        net.client.endpoint.receive(ping(opened, number), '10.0.0.1', 7777, net.now)
      // One farewell has left with the end itself.
      expect(answers).toEqual(new Array(how === 'at once' ? 7 : 8).fill(how === 'at once' ? 0x06 : 0x02))
      expect(net.client.endpoint.size).toBe(1)
      net.run(3 * (100 + 4 * 50 + 25))
      expect(net.client.endpoint.size).toBe(0)
      const { length } = answers
      net.client.endpoint.receive(ping(opened, 130), '10.0.0.1', 7777, net.now)
      expect(answers).toHaveLength(length)
      expect(net.client.endpoint.counts.unknown).toBe(1)
    },
  )

  it('does not answer a farewell', () => {
    const { net, opened } = connect()
    opened.destroy(net.now)
    const before = net.packetCount
    const farewell = ping(opened, 100)
    farewell[15] = 0x06
    net.client.endpoint.receive(farewell, '10.0.0.1', 7777, net.now)
    expect(net.packetCount).toBe(before)
  })
})
