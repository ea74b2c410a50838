import { connectEnds, type DatagramDiary, DatagramEnds, Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { writeRequest } from '../packet/before-connection.ts'
import { packetKind, requestSize, writeAddressee } from '../packet/packet-layout.ts'
import type { DatagramConnection } from './connection.ts'

function frame(number: number, size = 10): Uint8Array {
  return Uint8Array.of(number, size, ...new Array<number>(size).fill(7))
}

/** Both ends have heard a first frame of the other. */
function greet(
  net: DatagramEnds,
  { opened, accepted, client, server }: ReturnType<typeof connectEnds>,
): void {
  opened.write(frame(0), net.now)
  opened.flush(net.now)
  accepted.write(frame(0), net.now)
  accepted.flush(net.now)
  net.run(10_000, () => client.sentSize > 0 && server.sentSize > 0)
  net.run(2000)
}

const shownSize = ({ shown }: DatagramDiary) => shown.reduce((size, bytes) => size + bytes.length, 0)

describe('before a connection', () => {
  it('100,000 spoofed requests leave no state and draw fewer bytes than they are', () => {
    const net = new DatagramEnds(1)
    const { server } = net
    const live = connectEnds(net)
    greet(net, live)
    const before = { ...server.endpoint.counts }
    const size = server.endpoint.size
    const random = new Random(2)
    const packet = new Uint8Array(requestSize)
    for (let count = 0; count < 100_000; count++) {
      writeRequest(
        packet,
        { id: random.integer(0, 0xffffffff), key: count },
        count % 3 === 0 ? random.bytes(20) : undefined,
      )
      server.endpoint.receive(packet, `198.51.100.${count & 255}`, 1 + (count % 65_535), net.now)
    }
    const { counts } = server.endpoint
    expect(server.endpoint.size).toBe(size)
    expect(server.connections.length).toBe(1)
    const out = counts.unprovenBytesOut - before.unprovenBytesOut
    const came = counts.unprovenBytesIn - before.unprovenBytesIn
    expect(came).toBe(100_000 * requestSize)
    expect(out).toBeLessThan(came / 30)
    live.opened.write(frame(0, 50), net.now)
    live.opened.flush(net.now)
    net.run(1000)
    expect(shownSize(live.server)).toBe(12 + 52)
  })

  it('a request that is too short draws no reply', () => {
    const net = new DatagramEnds(1)
    const packet = new Uint8Array(requestSize)
    writeRequest(packet, { id: 1, key: 2 }, undefined)
    for (let size = 0; size < requestSize; size++)
      net.server.endpoint.receive(packet.slice(0, size), '192.0.2.1', 9, net.now)
    expect(net.server.endpoint.counts).toMatchObject({ unprovenPacketsOut: 0, strange: requestSize })
    expect(net.packetCount).toBe(0)
  })

  it('what comes from port 0, where nothing can be sent, draws no reply', () => {
    const net = new DatagramEnds(1)
    const live = connectEnds(net)
    greet(net, live)
    const { endpoint, connections } = net.server
    const { packetCount } = net
    const before = { ...endpoint.counts }
    const { packetsIn } = connections[0]
    const request = new Uint8Array(requestSize)
    writeRequest(request, { id: 1, key: 2 }, undefined)
    const ofLive = new Uint8Array(64)
    ofLive[0] = packetKind.plain
    writeAddressee(ofLive, 1, connections[0].own)
    ofLive[12] = 99
    for (const packet of [request, ofLive, Uint8Array.of(200, 1)])
      endpoint.receive(packet, '192.0.2.1', 0, net.now)
    expect(net.packetCount).toBe(packetCount)
    expect(endpoint.counts.strange).toBe(before.strange + 3)
    expect(endpoint.counts.unprovenPacketsOut).toBe(before.unprovenPacketsOut)
    expect(connections[0].packetsIn).toBe(packetsIn)
  })

  it('no reply of any kind is larger than what it replies to, whatever comes', () => {
    const net = new DatagramEnds(1)
    let sent = 0
    net.watch = (_from, packet) => {
      sent = packet.length
      return undefined
    }
    const random = new Random(3)
    for (let count = 0; count < 50_000; count++) {
      const packet = random.bytes(random.pick([1, 11, 18, 30, 48, 1199, 1200, 1400]))
      packet[0] = random.pick([0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, packet[0]])
      if (random.chance(0.5)) packet[1] = random.pick([1, 2])
      sent = 0
      net.server.endpoint.receive(packet.slice(), '192.0.2.1', 9, net.now)
      expect(sent).toBeLessThanOrEqual(packet.length)
    }
    expect(net.server.endpoint.size).toBe(0)
  })

  it('a peer of another version is told so, by a packet that it can read', () => {
    const net = new DatagramEnds(1)
    net.watch = (from, packet) => {
      if (from === net.client && packet[0] === packetKind.request) packet[1] = 9
      return packet
    }
    const opening = net.open()
    net.run(1000)
    expect(opening.result).toMatch(/version 1/)
    expect(net.client.endpoint.size).toBe(0)
  })

  it('a request that is repeated while its answer is under way makes one connection', () => {
    const net = new DatagramEnds(4, { delayMs: [600, 700], duplication: 0.5 })
    const opening = net.open()
    net.run(10_000)
    expect(typeof opening.result).toBe('object')
    expect(net.server.connections.length).toBe(1)
  })

  it('answers of others than the one that was asked, or with a wrong key, count for nothing', () => {
    const net = new DatagramEnds(5, { loss: 1 })
    const opening = net.open()
    net.run(100)
    const random = new Random(1)
    for (let count = 0; count < 2000; count++) {
      const packet = random.bytes(random.pick([11, 18, 30]))
      packet[0] = { 11: 0x13, 18: 0x12, 30: 0x11 }[packet.length] ?? 0
      packet[1] = 1
      net.client.endpoint.receive(packet, random.pick(['10.0.0.1', '10.0.0.9']), 7777, net.now)
    }
    expect(opening.result).toBeUndefined()
  })
})

describe('a live connection', () => {
  it('survives 50,000 packets of garbage and notices nothing', () => {
    const net = new DatagramEnds(7)
    const live = connectEnds(net)
    greet(net, live)
    const random = new Random(7)
    for (let count = 0; count < 50_000; count++) {
      const packet = random.bytes(random.integer(1, 200))
      packet[0] = random.pick([packetKind.plain, packetKind.sealed, packetKind.sealedNext, packet[0]])
      // It may know the id, which stands in every packet, but not the key.
      if (packet.length > 5 && random.chance(0.7))
        new DataView(packet.buffer).setUint32(1, live.accepted.own.id, true)
      net.server.endpoint.receive(packet, '10.0.0.2', 5000, net.now)
      if (count % 100 === 0) net.run(1)
    }
    live.opened.write(frame(10, 50), net.now)
    live.opened.flush(net.now)
    net.run(1000)
    expect(shownSize(live.server)).toBe(12 + 52)
    expect(live.server).toMatchObject({ goneCount: 0 })
  })

  it('takes each packet once, however often it comes', () => {
    const net = new DatagramEnds(8, { duplication: 1, delayMs: [5, 80] })
    const live = connectEnds(net)
    greet(net, live)
    for (let count = 0; count < 200; count++) {
      live.opened.write(frame(40, count % 100), net.now)
      live.opened.flush(net.now)
      net.run(5)
    }
    net.run(2000)
    expect(live.server.shown.map(({ length }) => length).reduce((sum, size) => sum + size, 0)).toBe(
      12 + Array.from({ length: 200 }, (_, count) => 2 + (count % 100)).reduce((sum, size) => sum + size, 0),
    )
    expect(live.accepted.repeatedIn).toBeGreaterThan(100)
  })

  it('follows a peer that moves, when it has proven that it receives there', () => {
    const net = new DatagramEnds(9)
    const live = connectEnds(net)
    greet(net, live)
    net.client.port = 6001
    net.client.host = '10.9.9.9'
    live.opened.write(frame(0, 100), net.now)
    live.opened.flush(net.now)
    net.run(200)
    expect([live.accepted.host, live.accepted.port]).toEqual(['10.9.9.9', 6001])
    live.accepted.write(frame(0, 33), net.now)
    live.accepted.flush(net.now)
    net.run(200)
    expect(shownSize(live.client)).toBe(12 + 35)
  })

  it('follows a peer that moves with its window full: the answer to a challenge waits for no acknowledgement', () => {
    const net = new DatagramEnds(9, { delayMs: [20, 20] })
    const live = connectEnds(net)
    greet(net, live)
    // Acks go to the old address, where the peer isn't any more: nothing makes room before the new one is proven.
    net.client.host = '10.9.9.9'
    for (let count = 0; count < 400; count++) live.opened.write(frame(0, 100), net.now)
    live.opened.flush(net.now)
    expect(live.opened.budgetBytes(net.now)).toBe(0)
    net.run(65)
    expect(live.accepted.host).toBe('10.9.9.9')
    net.run(2000)
    expect(shownSize(live.server)).toBe(12 + 400 * 102)
  })

  it('a peer that asks again and again has as many answers, and none that is remembered', () => {
    const net = new DatagramEnds(9)
    const live = connectEnds(net)
    greet(net, live)
    for (let count = 0; count < 400; count++) live.opened.write(frame(0, 100), net.now)
    live.opened.flush(net.now)
    const { bytesInFlight } = live.opened.machines.recovery
    const { packetsOut } = live.opened.out
    expect([bytesInFlight > 0, live.opened.budgetBytes(net.now)]).toEqual([true, 0])
    for (let count = 0; count < 5000; count++) {
      live.opened.out.response = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, count & 255)
      live.opened.flush(net.now)
    }
    expect(live.opened.out.packetsOut - packetsOut).toBe(5000)
    expect(live.opened.machines.recovery.bytesInFlight).toBe(bytesInFlight)
    net.run(3000)
    expect(shownSize(live.server)).toBe(12 + 400 * 102)
  })

  it('acknowledges the packets of a peer that moves, and none that it never sent', () => {
    const net = new DatagramEnds(9, { delayMs: [20, 20] })
    const live = connectEnds(net)
    greet(net, live)
    // The numbers of both sides are far apart.
    for (let count = 0; count < 50; count++) {
      live.accepted.write(frame(40, 100), net.now)
      live.accepted.flush(net.now)
      net.run(20)
    }
    for (let moves = 0; moves < 10; moves++) {
      net.client.port = 6001 + moves
      for (let count = 0; count < 5; count++) {
        live.opened.write(frame(0, 100), net.now)
        live.opened.flush(net.now)
        net.run(15)
      }
      net.run(200)
    }
    expect(live.client.error).toBeUndefined()
    expect(live.server.goneCount + live.client.goneCount).toBe(0)
    expect(shownSize(live.server)).toBe(12 + 50 * 102)
  })

  it('does not follow packets that someone repeats from elsewhere, and sends no more there than came', () => {
    const net = new DatagramEnds(10)
    const live = connectEnds(net)
    greet(net, live)
    let stolen = 0
    let sentThere = 0
    net.watch = (from, packet) => {
      if (from !== net.client) return packet
      // The thief is faster than the peer, and the peer's own packet never arrives.
      stolen += packet.length
      const copy = packet.slice()
      net.at(net.now + 1, () => net.server.endpoint.receive(copy, '203.0.113.5', 4444, net.now))
      return undefined
    }
    const carry = net.carry.bind(net)
    net.carry = (from, packet, host, port) => {
      if (host === '203.0.113.5') sentThere += packet.length
      carry(from, packet, host, port)
    }
    for (let count = 0; count < 50; count++) {
      live.opened.write(frame(40, 100), net.now)
      live.opened.flush(net.now)
      net.run(100)
    }
    expect(live.accepted.host).toBe('10.0.0.2')
    expect(sentThere).toBeGreaterThan(0)
    expect(sentThere).toBeLessThanOrEqual(stolen)
  })

  it('gets through when the path begins to swallow large packets', () => {
    const net = new DatagramEnds(11)
    const live = connectEnds(net)
    greet(net, live)
    const big = (count: number) => {
      const bytes = new Uint8Array(4 + 1)
      bytes.set([0, 0xc0, 0, 0, 0])
      const size = 20_000
      const whole = new Uint8Array(5 + size)
      whole.set([0, 0xc0 | (size >> 24), size >> 16, size & 255, (size >> 8) & 255])
      return whole.fill(count, 5)
    }
    live.opened.write(big(1), net.now)
    live.opened.flush(net.now)
    net.run(3000)
    expect(live.opened.machines.mtu.size).toBe(1472)
    net.weather = { ...net.weather, packetSizeMax: 1300 }
    live.opened.write(big(2), net.now)
    live.opened.flush(net.now)
    expect(net.run(20_000, () => shownSize(live.server) === 12 + 2 * 20_005)).toBe(true)
    expect(live.opened.machines.mtu.size).toBe(1200)
  })

  it('holds a sender while its reader pauses, and goes on where it was', () => {
    const net = new DatagramEnds(12)
    const live = connectEnds(net)
    greet(net, live)
    live.accepted.pause()
    const before = shownSize(live.server)
    let written = 0
    for (let count = 0; count < 400; count++) {
      const whole = new Uint8Array(5 + 10_000)
      whole.set([0, 0xc0, 0, 10_000 & 255, 10_000 >> 8])
      live.opened.write(whole, net.now)
      written += whole.length
    }
    live.opened.flush(net.now)
    net.run(20_000)
    expect(shownSize(live.server)).toBe(before)
    expect(live.accepted.storedBytes).toBeLessThan(1_700_000)
    expect(live.client.sentSize).toBeLessThan(1_700_000)
    live.accepted.resume()
    expect(net.run(60_000, () => shownSize(live.server) === before + written)).toBe(true)
    expect(live.server.goneCount).toBe(0)
  })

  it('says that the peer is silent after a minute without any acknowledgement', () => {
    const net = new DatagramEnds(13)
    const live = connectEnds(net)
    greet(net, live)
    net.weather = { ...net.weather, loss: 1 }
    live.opened.write(frame(0), net.now)
    live.opened.flush(net.now)
    net.run(59_000)
    expect(live.client.goneCount).toBe(0)
    net.run(10_000)
    expect(live.client.error).toMatchObject({ code: 'silent' })
    net.run(60_000)
    expect(net.client.endpoint.size).toBe(0)
  })

  it('tells its peer when it is cut, and its peer forgets it', () => {
    const net = new DatagramEnds(14)
    const live = connectEnds(net)
    greet(net, live)
    live.opened.destroy(net.now)
    net.run(5000)
    expect(live.server).toMatchObject({ endedCount: 1, goneCount: 1, error: undefined })
    expect(live.client.goneCount).toBe(1)
    expect([net.client.endpoint.size, net.server.endpoint.size]).toEqual([0, 0])
    expect(net.pool.outstanding()).toEqual([])
  })
})

/** A packet of a peer that has the id and key of a connection, and lies in its parts. */
function lie(to: DatagramConnection, number: number, parts: readonly number[]): Uint8Array {
  const packet = new Uint8Array(15 + parts.length)
  packet[0] = packetKind.plain
  writeAddressee(packet, 1, to.own)
  new DataView(packet.buffer).setUint32(9, number, true)
  packet.set(parts, 15)
  return packet
}

const u48 = (value: number) => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return [...bytes.subarray(0, 6)]
}

describe('every field of a part lies once', () => {
  const broken: readonly [what: string, parts: readonly number[]][] = [
    ['a type that there is none of', [0x0f]],
    ['a type behind those of frames', [0x26]],
    ['an ack that is cut', [0x02, 1, 2, 3]],
    ['an ack of what was never sent', [0x02, ...u48(1_000_000), 0, 0, 0]],
    ['an ack that reaches below 0', [0x02, ...u48(1), 0, 0, 5]],
    ['an ack with ranges that are not there', [0x02, ...u48(1), 0, 9, 0]],
    ['a window that is cut', [0x03, 0, 1, 2]],
    ['a window of no lane', [0x03, 17, ...u48(5)]],
    ['a challenge that is cut', [0x04, 1, 2, 3, 4, 5, 6, 7]],
    ['a response that is cut', [0x05, 1]],
    ['a handshake that is cut', [0x08, 0, 0, 9, 1]],
    ['a handshake of nothing', [0x08, 0, 0, 0]],
    ['a stream beyond the window', [0x10, ...u48(2 ** 40), 1, 1]],
    ['a stream that is cut', [0x10, ...u48(0), 100, 1]],
    ['a stream of nothing', [0x10, ...u48(0), 0]],
    ['a stream at the end of all numbers', [0x10, ...u48(2 ** 48 - 1), 2, 1, 1]],
    ['an unordered message far ahead', [0x20, 0x90, 0, 1, 1, 1]],
    ['an unordered message that is cut', [0x20, 5, 1, 50, 1]],
    ['a piece behind the end of its frame', [0x21, 5, 10, 9, 5, 1, 1, 1, 1, 1]],
    ['a piece of nothing', [0x21, 5, 10, 0, 0]],
    ['an unreliable message that is cut', [0x22, 1, 50, 1]],
    ['a sequenced message that is cut', [0x23, 1]],
    ['a piece of no lossy kind', [0x25, 0x10, 1, 1, 10, 0, 1, 1]],
  ]

  it.each(broken)('%s ends the connection as a violation', (_what, parts) => {
    const net = new DatagramEnds(20)
    const live = connectEnds(net)
    greet(net, live)
    net.server.endpoint.receive(lie(live.accepted, 5000, parts), '10.0.0.2', 5000, net.now)
    expect(live.server.error).toMatchObject({ code: 'violation' })
    net.run(5000)
    expect(live.client.goneCount).toBe(1)
    expect(net.pool.outstanding()).toEqual([])
  })

  const harmless: readonly [what: string, parts: readonly number[]][] = [
    ['a window of 0', [0x03, 0, ...u48(0)]],
    ['a window of 2^48 - 1', [0x03, 16, ...u48(2 ** 48 - 1)]],
    ['a response that nothing asked for', [0x05, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['a challenge', [0x04, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['padding with anything behind', [0x00, 0xff, 0xff]],
    ['a ping', [0x01]],
    ['no part at all', []],
  ]

  it.each(harmless)('%s changes nothing', (_what, parts) => {
    const net = new DatagramEnds(21)
    const live = connectEnds(net)
    greet(net, live)
    let hasLied = false
    net.watch = (from, packet) => {
      if (from !== net.client || hasLied) return packet
      hasLied = true
      return Uint8Array.of(...packet, ...parts)
    }
    live.opened.write(frame(0, 8), net.now)
    live.opened.flush(net.now)
    net.run(100)
    expect(hasLied).toBe(true)
    live.accepted.write(frame(0, 20), net.now)
    live.accepted.flush(net.now)
    live.opened.write(frame(0, 20), net.now)
    live.opened.flush(net.now)
    net.run(3000)
    expect([shownSize(live.client), shownSize(live.server)]).toEqual([34, 44])
    expect(live.server.goneCount + live.client.goneCount).toBe(0)
  })

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'random parts end it or not, and leave nothing behind, seed %i',
    (seed) => {
      const random = new Random(seed)
      const net = new DatagramEnds(seed)
      const live = connectEnds(net)
      greet(net, live)
      for (let count = 0; count < 300 && live.server.goneCount === 0; count++) {
        const parts = [...random.bytes(random.integer(1, 120))]
        parts[0] = random.pick([1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25])
        net.server.endpoint.receive(lie(live.accepted, 5000 + count, parts), '10.0.0.2', 5000, net.now)
        net.run(5)
      }
      live.accepted.destroy(net.now)
      net.run(5000)
      expect(live.server.goneCount).toBe(1)
      expect(net.pool.outstanding()).toEqual([])
    },
  )
})
