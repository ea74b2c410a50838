import { DatagramRecords, noblePrimitives, startHandshake } from '@millrace/cipher'
import { DatagramDiary, DatagramEnds, numberedRules, Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'

const key = new Uint8Array(32).fill(7)
const plain = 0x22
const marker = Buffer.from('a word that must not be read')

type Meddler = NonNullable<DatagramEnds['watch']>

function handshake(role: 'initiator' | 'responder', random: Random) {
  const suite = 'Noise_NNpsk0_25519_ChaChaPoly_SHA256'
  const bytes = (size: number) => random.bytes(size)
  return startHandshake({ suite, role, primitives: noblePrimitives, random: bytes, psks: [key] })
}

/** One end of a connection that is sealed after a handshake of two messages. */
class End {
  readonly diary = new DatagramDiary()
  readonly #net: DatagramEnds
  readonly #shake
  readonly #role
  connection: ReturnType<End['start']> | undefined

  constructor(net: DatagramEnds, role: 'initiator' | 'responder') {
    this.#net = net
    this.#role = role
    this.#shake = handshake(role, net.random)
  }

  start(connection: DatagramEnds['server']['connections'][number]) {
    this.connection = connection
    connection.speaks(numberedRules)
    connection.expectKeys()
    this.diary.heard = (bytes) => this.#heard(bytes.slice())
    connection.start(this.diary)
    if (this.#role === 'initiator') connection.say(this.#shake.write(), this.#net.now)
    return connection
  }

  write(frame: Uint8Array): void {
    this.connection!.write(frame, this.#net.now)
    this.connection!.flush(this.#net.now)
  }

  get text(): string {
    return Buffer.concat(this.diary.shown).toString('latin1')
  }

  #heard(message: Uint8Array): void {
    this.#shake.read(message)
    if (this.#role === 'responder') this.connection!.say(this.#shake.write(), this.#net.now)
    const { own, peer } = this.connection!
    const ids = { role: this.#role, ownId: own.id, peerId: peer.id }
    this.connection!.seal(new DatagramRecords(this.#shake.split(), ids, this.#net.now), this.#net.now)
  }
}

function connect(net: DatagramEnds): { client: End; server: End } {
  const client = new End(net, 'initiator')
  const server = new End(net, 'responder')
  net.accepted = (connection) => void server.start(connection)
  const opening = net.open()
  net.run(60_000, () => typeof opening.result === 'object')
  client.start(opening.result as DatagramEnds['server']['connections'][number])
  return { client, server }
}

const frame = (count: number, number = 0) =>
  Buffer.concat([Buffer.from([number, marker.length + 4]), marker, Buffer.from(`${count}`.padStart(4, ' '))])

/** How often each count was shown. */
function counts(end: End): number[] {
  return [...end.text.matchAll(/must not be read *(\d+)/g)].map(([, count]) => Number(count))
}

const everyCount = Array.from({ length: 200 }, (_, index) => index)

/** Sends 200 frames, and lets them arrive. */
function talk(net: DatagramEnds, { client }: { client: End }, number = 0): void {
  for (const count of everyCount) {
    client.write(frame(count, count === 0 ? 0 : number))
    net.run(10)
  }
  net.run(30_000)
}

describe('a connection over datagrams that is sealed', () => {
  it.each([1, 2, 3])('shows no byte of a frame on the way, through loss and disorder, seed %i', (seed) => {
    const net = new DatagramEnds(seed, { loss: 0.1, delayMs: [5, 60], duplication: 0.1 })
    const kinds = new Set<number>()
    net.watch = (_from, packet) => {
      kinds.add(packet[0])
      expect(Buffer.from(packet).includes(marker.subarray(0, 8))).toBe(false)
      return packet
    }
    const both = connect(net)
    talk(net, both)
    expect(counts(both.server)).toEqual(everyCount)
    expect(kinds).toContain(plain)
    expect(kinds).toContain(0x20)
    expect(both.server.diary.provenCount).toBe(1)
  })

  it.each([1, 2, 3])('drops what was changed, repeated or cut on the way, and goes on, seed %i', (seed) => {
    const net = new DatagramEnds(seed)
    const random = new Random(seed)
    const old: Uint8Array[] = []
    const meddle: Meddler = (from, packet) => {
      old.push(packet.slice())
      const to = from === net.client ? net.server : net.client
      const send = (bytes: Uint8Array) =>
        net.at(net.now + 3, () => to.endpoint.receive(bytes.slice(), from.host, from.port, net.now))
      const changed = packet.slice()
      changed[random.integer(0, packet.length - 1)] ^= 1 << random.integer(0, 7)
      send(changed)
      send(packet.subarray(0, random.integer(0, packet.length - 1)))
      send(random.pick(old))
      return packet
    }
    const both = connect(net)
    net.run(1000)
    both.client.write(frame(9999))
    net.run(1000)
    net.watch = meddle
    for (const number of [10, 20, 30, 40]) talk(net, both, number)
    const seen = counts(both.server).filter((count) => count < 9999)
    // Each of the four deliveries was lost in nothing, as nothing was lost, and shown once.
    expect(seen).toHaveLength(4 * everyCount.length)
    expect(new Set(seen).size).toBe(everyCount.length)
    expect([both.client, both.server].map(({ diary }) => diary.goneCount)).toEqual([0, 0])
  })

  it('hears nothing in clear any more, not even from a meddler that knows the key of plain packets', () => {
    const net = new DatagramEnds(1)
    const both = connect(net)
    talk(net, both)
    const { own } = both.server.connection!
    const packet = Buffer.alloc(17)
    packet[0] = plain
    packet.writeUInt32LE(own.id, 1)
    packet.writeUInt32LE(own.key, 5)
    packet.writeUInt32LE(50, 9)
    for (const part of [0x06, 0x07, 0x0f, 0x10]) {
      packet[15] = part
      net.server.endpoint.receive(Buffer.from(packet), net.client.host, net.client.port, net.now)
    }
    net.run(1000)
    talk(net, both)
    expect(both.server.diary).toMatchObject({ goneCount: 0, endedCount: 0 })
    expect(counts(both.server)).toEqual([...everyCount, ...everyCount])
  })

  it('ends when frames come in clear before it is sealed', () => {
    const net = new DatagramEnds(1)
    net.watch = (_from, packet) => (packet[0] === plain && packet[15] === 0x08 ? undefined : packet)
    const { server } = connect(net)
    const { own } = server.connection!
    const packet = Buffer.from([plain, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x22, 0, 1, 7])
    packet.writeUInt32LE(own.id, 1)
    packet.writeUInt32LE(own.key, 5)
    net.server.endpoint.receive(packet, net.client.host, net.client.port, net.now)
    expect(server.diary.error).toMatchObject({
      code: 'violation',
      message: expect.stringMatching(/in clear/),
    })
    expect(server.text).toBe('')
  })

  it('takes 65,535 bytes of a handshake, and not one more', () => {
    const net = new DatagramEnds(1)
    const client = new DatagramDiary()
    const server = new DatagramDiary()
    net.accepted = (connection) => {
      connection.expectKeys()
      connection.start(server)
    }
    const opening = net.open()
    net.run(1000, () => typeof opening.result === 'object')
    const opened = opening.result as DatagramEnds['server']['connections'][number]
    opened.expectKeys()
    opened.start(client)
    opened.say(new Uint8Array(65_535), net.now)
    net.run(10_000)
    expect(Buffer.concat(server.heardBytes)).toHaveLength(65_535)
    expect(client.goneCount).toBe(0)
    opened.say(new Uint8Array(1), net.now)
    net.run(1000)
    expect(client.error).toMatchObject({ code: 'exhausted', message: expect.stringMatching(/65,535/) })
  })
})
