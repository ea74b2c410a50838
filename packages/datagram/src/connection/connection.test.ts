import { connectEnds, DatagramEnds, numberedRules, type PacketWeather, Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { DatagramConnection } from './connection.ts'

/** A message of a number with a count and so many bytes. */
function frame(number: number, count: number, size: number): Uint8Array {
  const body = Math.max(4, size)
  const bytes = new Uint8Array(1 + 4 + body)
  bytes[0] = number
  bytes.set([0xc0 | (body >> 24), body >> 16, body, body >> 8], 1)
  new DataView(bytes.buffer).setUint32(5, count)
  for (let index = 9; index < bytes.length; index++) bytes[index] = count + index
  return bytes
}

interface Shown {
  readonly number: number
  readonly count: number
  readonly size: number
}

function read(pieces: readonly Uint8Array[]): Shown[] {
  const shown: Shown[] = []
  for (const bytes of pieces) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < bytes.length; ) {
      const body =
        ((bytes[at + 1] & 0x3f) << 24) | (bytes[at + 2] << 16) | (bytes[at + 4] << 8) | bytes[at + 3]
      const count = view.getUint32(at + 5)
      for (let index = 9; index < 5 + body; index++)
        if (bytes[at + index] !== ((count + index) & 0xff)) throw new Error('a byte was changed')
      shown.push({ number: bytes[at], count, size: body })
      at += 5 + body
    }
  }
  return shown
}

function drawWeather(random: Random): PacketWeather {
  const least = random.pick([1, 5, 25, 120])
  return {
    loss: random.pick([0, 0.02, 0.1, 0.25]),
    duplication: random.pick([0, 0.02, 0.25]),
    delayMs: [least, least + random.pick([0, 1, 20, 100])],
    packetSizeMax: random.pick([1200, 1400, 1472, 9000]),
  }
}

/** Writes of all kinds, from one end, over ten seconds; afterwards what the other end was shown is compared with it. */
function talk(net: DatagramEnds, from: DatagramConnection, random: Random) {
  const written = new Map<number, number>()
  let writtenSize = 0
  const write = () => {
    const number = random.integer(0, 49)
    const size = random.chance(0.02) ? random.integer(2000, 60_000) : random.integer(4, 300)
    const count = written.get(number) ?? 0
    written.set(number, count + 1)
    const bytes = frame(number, count, size)
    writtenSize += bytes.length
    from.write(bytes, net.now)
    if (random.chance(0.5)) from.flush(net.now)
  }
  // The hello.
  from.write(frame(0, 0, 40), net.now)
  written.set(0, 1)
  writtenSize += frame(0, 0, 40).length
  from.flush(net.now)
  for (let time = 0; time < 10_000; time += random.integer(1, 60)) net.at(net.now + time, write)
  return { written, size: () => writtenSize }
}

function judge(shown: readonly Shown[], written: ReadonlyMap<number, number>): void {
  const byNumber = new Map<number, number[]>()
  const lanes = new Map<number, Shown[]>()
  for (const one of shown) {
    byNumber.set(one.number, [...(byNumber.get(one.number) ?? []), one.count])
    if (one.number < 10) lanes.set(one.number, [...(lanes.get(one.number) ?? []), one])
  }
  for (const [number, count] of written) {
    const counts = byNumber.get(number) ?? []
    const all = Array.from({ length: count }, (_, index) => index)
    const delivery = Math.floor(number / 10)
    if (delivery === 0) expect(counts).toEqual(all)
    else if (delivery === 1) expect([...counts].sort((one, two) => one - two)).toEqual(all)
    else if (delivery === 4) expect(new Set(counts).size).toBe(counts.length)
    else {
      expect([...counts].sort((one, two) => one - two)).toEqual(counts)
      expect(new Set(counts).size).toBe(counts.length)
      if (delivery === 3) expect(counts.at(-1)).toBe(count - 1)
    }
  }
}

describe('a connection', () => {
  it.each([
    ['sequenced', 20],
    ['unreliable', 40],
  ])('measures and paces what is %s, as all else', (_, number) => {
    const net = new DatagramEnds(5, { loss: 0.1, delayMs: [10, 10] })
    const { opened } = connectEnds(net)
    opened.write(frame(0, 0, 40), net.now)
    opened.flush(net.now)
    net.run(1000)
    const before = opened.statistics()
    net.weather = { ...net.weather, delayMs: [40, 40] }
    for (let count = 0; count < 500; count++) {
      opened.write(frame(number, count, 200), net.now)
      opened.flush(net.now)
      net.run(20)
    }
    const { packetsOut, packetsLost, roundTripMs } = opened.statistics()
    const share = (packetsLost - before.packetsLost) / (packetsOut - before.packetsOut)
    expect(share).toBeGreaterThan(0.05)
    expect(share).toBeLessThan(0.15)
    expect(roundTripMs).toBeGreaterThan(75)
    // Without an acknowledgement, no more than the window leaves.
    net.weather = { ...net.weather, loss: 1 }
    for (let count = 500; count < 1500; count++) {
      opened.write(frame(number, count, 1000), net.now)
      opened.flush(net.now)
    }
    expect(opened.budgetBytes(net.now)).toBe(0)
    expect(opened.statistics().packetsOut - packetsOut).toBeLessThan(200)
  })

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'shows the first frame first, although more of its lane arrived before, seed %i',
    (seed) => {
      const net = new DatagramEnds(seed, { loss: 0.3, delayMs: [50, 90] })
      const { opened, accepted, client, server } = connectEnds(net)
      for (const connection of [opened, accepted]) {
        // Of the size of several packets in every other run.
        connection.write(frame(0, 0, seed % 2 === 0 ? 40 : 4000), net.now)
        connection.flush(net.now)
      }
      for (let count = 1; count <= 100; count++) {
        net.run(10)
        for (const connection of [opened, accepted])
          for (const number of [0, 1, 10, 20, 30, 40]) {
            connection.write(frame(number, count, 30), net.now)
            connection.flush(net.now)
          }
      }
      net.run(30_000)
      for (const diary of [client, server]) {
        const shown = read(diary.shown)
        expect(shown[0]).toMatchObject({ number: 0, count: 0 })
        expect(shown.length).toBeGreaterThan(300)
      }
    },
  )

  it('counts what it missed: pieces that were lost, and a reader that is behind', () => {
    const net = new DatagramEnds(5, { loss: 0.1, delayMs: [5, 5] })
    const { opened, accepted, server } = connectEnds(net)
    opened.write(frame(0, 0, 40), net.now)
    opened.flush(net.now)
    net.run(1000)
    for (let count = 0; count < 100; count++) {
      opened.write(frame(40, count, 5000), net.now)
      opened.flush(net.now)
      net.run(20)
    }
    net.run(3000)
    const shown = read(server.shown).filter(({ number }) => number === 40).length
    const { messagesMissed } = accepted.statistics()
    expect(messagesMissed).toBeGreaterThan(10)
    expect(shown + messagesMissed).toBeLessThanOrEqual(100)

    accepted.pause()
    for (let count = 0; count < 500; count++) {
      opened.write(frame(40, count, 900), net.now)
      opened.flush(net.now)
      net.run(5)
    }
    expect(accepted.statistics().messagesMissed).toBeGreaterThan(messagesMissed + 50)
  })

  it.each([1, 2, 3, 4])('all of a budget leaves at once, however it is spent: seed %i', (seed) => {
    const random = new Random(seed)
    const net = new DatagramEnds(seed, { delayMs: [20, 25], loss: 0.02 })
    const { opened } = connectEnds(net)
    opened.write(frame(0, 0, 40), net.now)
    opened.flush(net.now)
    net.run(1000)
    let spent = 0
    for (let count = 1; count < 600; count++) {
      const budget = opened.budgetBytes(net.now)
      // What stands around the body of a frame, and around its pieces.
      const size = random.chance(0.5) ? budget - 16 : random.integer(0, budget)
      if (size >= 4 && size <= budget - 16) {
        const { bytesOut } = opened.statistics()
        opened.write(frame(random.pick([0, 10]), count, size), net.now)
        opened.flush(net.now)
        expect(opened.machines.outgoing.pendingBytes, `${size} of ${budget}`).toBe(0)
        expect(opened.statistics().bytesOut - bytesOut).toBeGreaterThan(size)
        spent++
      }
      net.run(random.pick([0, 1, 5, 30]))
    }
    expect(spent).toBeGreaterThan(100)
  })

  it.each(Array.from({ length: 60 }, (_, index) => index + 1))(
    'keeps what each delivery promises, seed %i',
    (seed) => {
      const random = new Random(seed)
      const net = new DatagramEnds(seed, drawWeather(random), random.pick([1200, 1472, 8932]))
      const { opened, accepted, client, server } = connectEnds(net)
      const one = talk(net, opened, random)
      const two = talk(net, accepted, random)
      const isDone = () => client.sentSize === one.size() && server.sentSize === two.size()
      net.run(10_000)
      for (const connection of [opened, accepted]) connection.flush(net.now)
      expect(net.run(60_000, isDone), 'everything leaves').toBe(true)
      judge(read(server.shown), one.written)
      judge(read(client.shown), two.written)
      opened.end(net.now)
      accepted.end(net.now)
      expect(
        net.run(60_000, () => client.goneCount > 0 && server.goneCount > 0),
        'both ends end',
      ).toBe(true)
      net.run(60_000)
      for (const diary of [client, server])
        expect(diary).toMatchObject({ endedCount: 1, goneCount: 1, error: undefined })
      expect(net.pool.outstanding()).toEqual([])
      expect([net.server.endpoint.size, net.client.endpoint.size]).toEqual([0, 0])
    },
  )

  /** Two ends that have said hello, between which nothing passes any more. */
  function apart() {
    const net = new DatagramEnds(1)
    const ends = connectEnds(net)
    ends.opened.write(frame(0, 0, 40), net.now)
    ends.opened.flush(net.now)
    net.run(1000)
    net.watch = () => undefined
    return { net, ...ends }
  }

  it.each([
    ['sequenced', 20],
    ['unreliable', 40],
  ])('sends no more %s messages than the path may take', (_delivery, number) => {
    const { net, opened } = apart()
    const before = net.packetCount
    for (let count = 0; count < 200; count++) {
      opened.write(frame(number, count, 1000), net.now)
      opened.flush(net.now)
    }
    expect(net.packetCount - before).toBeGreaterThan(0)
    expect(net.packetCount - before).toBeLessThan(40)
  })

  it('measures the round trip by unreliable messages alone', () => {
    const net = new DatagramEnds(1, { delayMs: [40, 40] })
    const { opened } = connectEnds(net)
    opened.write(frame(0, 0, 40), net.now)
    opened.flush(net.now)
    net.run(1000)
    net.weather = { ...net.weather, delayMs: [90, 90] }
    for (let count = 0; count < 100; count++) {
      opened.write(frame(40, count, 200), net.now)
      opened.flush(net.now)
      net.run(50)
    }
    expect(opened.statistics().roundTripMs).toBeGreaterThan(170)
  })

  it('gives up a peer that acknowledges no unreliable message', () => {
    const { net, opened, client } = apart()
    for (let count = 0; count < 700; count++) {
      opened.write(frame(40, count, 200), net.now)
      opened.flush(net.now)
      net.run(100)
    }
    expect(client.error).toMatchObject({ code: 'silent' })
  })

  it('finds out that its path swallows large packets, though it sends no small ones', () => {
    const net = new DatagramEnds(1)
    const { opened, accepted, server } = connectEnds(net)
    opened.write(frame(0, 0, 1400), net.now)
    opened.flush(net.now)
    net.run(5000)
    expect(opened.statistics().packetSize).toBe(1472)
    net.weather = { ...net.weather, packetSizeMax: 1300 }
    for (let count = 1; count < 100; count++) opened.write(frame(0, count, 1000), net.now)
    opened.flush(net.now)
    net.run(3000)
    expect(read(server.shown)).toHaveLength(100)
    expect(opened.statistics().packetSize).toBeLessThanOrEqual(1300)
    for (const connection of [opened, accepted]) connection.destroy(net.now)
    net.run(5000)
    expect(net.pool.outstanding()).toEqual([])
  })

  it('looks for larger packets when it has more to send than one takes, and not before', () => {
    const net = new DatagramEnds(1)
    const { opened, accepted } = connectEnds(net)
    const sizes: number[] = []
    net.watch = (_from, packet) => {
      sizes.push(packet.length)
      return packet
    }
    for (let count = 0; count < 20; count++) {
      opened.write(frame(0, count, 900), net.now)
      accepted.write(frame(0, count, 40), net.now)
      for (const connection of [opened, accepted]) connection.flush(net.now)
      net.run(200)
    }
    expect(Math.max(...sizes)).toBeLessThan(1000)
    expect(opened.statistics().packetSize).toBe(1200)
    opened.write(frame(0, 20, 1400), net.now)
    opened.flush(net.now)
    net.run(1000)
    expect(opened.statistics().packetSize).toBe(1472)
    expect(accepted.statistics().packetSize).toBe(1200)
    for (const connection of [opened, accepted]) connection.destroy(net.now)
    net.run(5000)
  })

  it('outlives a clock that jumps, with something in flight', () => {
    const net = new DatagramEnds(2, { delayMs: [20, 20] })
    const { opened, accepted, client, server } = connectEnds(net)
    for (let count = 0; count < 5; count++) {
      opened.write(frame(0, count, 40), net.now)
      opened.flush(net.now)
      net.weather = { ...net.weather, loss: 1 }
      net.run(200)
      net.now += 120_000
      net.run(2000)
      net.weather = { ...net.weather, loss: 0 }
      net.run(10_000)
    }
    net.run(5000)
    expect(read(server.shown)).toHaveLength(5)
    expect(client.goneCount + server.goneCount).toBe(0)
    for (const connection of [opened, accepted]) connection.destroy(net.now)
    net.run(5000)
    expect(net.pool.outstanding()).toEqual([])
  })
})

describe('a frame larger than the windows that both sides begin with', () => {
  const size = 3_000_000

  it.each([
    ['a lane', 3],
    ['an unordered message', 13],
  ])('arrives as %s where it is taken, again and again', (_what, number) => {
    const net = new DatagramEnds(1, { loss: 0.01 })
    const { opened, server } = connectEnds(net, { ...numberedRules, bodySizeMax: size })
    opened.write(frame(0, 0, 40), net.now)
    for (let count = 0; count < 3; count++) opened.write(frame(number, count, size), net.now)
    opened.flush(net.now)
    net.run(60_000, () => server.shown.length >= 4)
    expect(read(server.shown).map((one) => [one.number, one.size])).toEqual([
      [0, 40],
      [number, size],
      [number, size],
      [number, size],
    ])
    expect(server.goneCount).toBe(0)
  })
})
