import { describe, expect, it } from 'vitest'
import { Random } from '../base/random.ts'
import { flag, type Segment, type TcpPacket } from '../net/packet.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import type { Machine } from './machine.ts'
import { TcpSocket, type TcpSocketHome } from './tcp-socket.ts'

const ends = { localHost: 'a', localPort: 1, remoteHost: 'b', remotePort: 2 }

/** An open socket; the test is its peer. */
function openSocket() {
  const time = new VirtualTime()
  const sent: Segment[] = []
  const failures: string[] = []
  const network = { send: (_from: unknown, packet: TcpPacket) => void sent.push(packet.segment) }
  const machine = { time, network, random: new Random(1), station: {}, socketBufferBytes: 1000 }
  const home = { machine: machine as unknown as Machine, established() {}, gone() {} }
  const socket = new TcpSocket(home satisfies TcpSocketHome, ends, 'connecting')
  socket.start({
    connected() {},
    readable() {},
    writable() {},
    failed: (error) => void failures.push((error as Error & { readonly code: string }).code),
  })
  socket.begin()
  const { draw } = sent[0]
  const say = (flags: number, more: Partial<Segment> = {}) =>
    socket.arrived({
      flags,
      seq: 0,
      ack: 0,
      window: 1000,
      draw: 7,
      peerDraw: draw,
      bytes: new Uint8Array(0),
      ...more,
    })
  say(flag.syn | flag.ack)
  sent.length = 0
  return { socket, sent, failures, say, draw }
}

describe('a socket of tcp', () => {
  it('takes what is of its connection, and nothing of another one between the same ends', () => {
    const { socket, sent, failures, say, draw } = openSocket()
    const bytes = Uint8Array.of(1, 2, 3)
    say(flag.ack, { bytes, peerDraw: draw + 1 })
    say(flag.ack, { bytes, draw: 8 })
    say(flag.rst, { draw: 8 })
    say(flag.rst, { peerDraw: draw + 1 })
    say(flag.syn, { draw: 8, peerDraw: -1 })
    expect([socket.unread, sent.length, failures.length]).toEqual([0, 0, 0])
    say(flag.ack, { bytes })
    expect(socket.unread).toBe(3)
    expect(sent).toMatchObject([{ flags: flag.ack, ack: 3, window: 997 }])
    say(flag.rst)
    expect(failures).toEqual(['ECONNRESET'])
  })

  it('puts together what overlaps, comes early and comes twice, within its window', () => {
    const { socket, sent, say } = openSocket()
    const bytes = Uint8Array.from({ length: 2000 }, (_, index) => index % 251)
    const piece = (from: number, to: number) => say(flag.ack, { seq: from, bytes: bytes.slice(from, to) })
    piece(500, 700)
    piece(500, 600)
    piece(300, 550)
    piece(900, 1500)
    expect(socket.unread).toBe(0)
    expect(sent.at(-1)).toMatchObject({ ack: 0, window: 1000 })
    piece(0, 301)
    expect(sent.at(-1)).toMatchObject({ ack: 700, window: 300 })
    piece(100, 900)
    expect(sent.at(-1)).toMatchObject({ ack: 1000, window: 0 })
    piece(1000, 1001)
    expect(sent.at(-1)).toMatchObject({ ack: 1000, window: 0 })
    expect([...socket.read(2000)]).toEqual([...bytes.slice(0, 1000)])
    // The peer waits for room: it is told at once.
    expect(sent.at(-1)).toMatchObject({ ack: 1000, window: 1000 })
    say(flag.ack | flag.fin, { seq: 1000, bytes: bytes.slice(1000, 1002) })
    expect([socket.unread, socket.isAtEnd]).toEqual([2, false])
    expect([...socket.read(2000)]).toEqual([...bytes.slice(1000, 1002)])
    expect(socket.isAtEnd).toBe(true)
  })

  it('that its program gave up is ended in order, or reset where something is unread or still comes', () => {
    const unread = openSocket()
    unread.say(flag.ack, { bytes: Uint8Array.of(1) })
    unread.socket.abandon()
    expect(unread.sent.at(-1)).toMatchObject({ flags: flag.rst })
    expect(unread.socket.isOver).toBe(true)

    const { socket, sent, say } = openSocket()
    socket.write(Uint8Array.of(1, 2))
    socket.abandon()
    expect(sent).toMatchObject([{ flags: flag.ack | flag.fin, seq: 0, bytes: Uint8Array.of(1, 2) }])
    say(flag.ack, { ack: 3 })
    expect(socket.isOver).toBe(false)
    say(flag.ack | flag.fin, { ack: 3 })
    expect(sent.at(-1)).toMatchObject({ flags: flag.ack, ack: 1 })
    expect(socket.isOver).toBe(true)

    const late = openSocket()
    late.socket.abandon()
    late.say(flag.ack, { ack: 1, bytes: Uint8Array.of(1) })
    expect(late.sent.at(-1)).toMatchObject({ flags: flag.rst })
  })

  it('that its program gave up goes on when bytes come again that were read before', () => {
    const { socket, sent, say } = openSocket()
    const bytes = Uint8Array.of(1, 2, 3)
    say(flag.ack, { bytes })
    socket.read(10)
    say(flag.ack | flag.fin, { seq: 3 })
    socket.write(Uint8Array.of(4))
    socket.abandon()
    say(flag.ack, { bytes })
    expect(sent.at(-1)).toMatchObject({ flags: flag.ack, ack: 4 })
    expect(socket.isOver).toBe(false)
    say(flag.ack, { seq: 4, ack: 2 })
    expect(socket.isOver).toBe(true)
  })

  it('sends a lost segment again after three repeated acknowledgements, and takes none for bytes it did not send', () => {
    const { socket, sent, say } = openSocket()
    for (let count = 0; count < 4; count++) {
      socket.write(new Uint8Array(100).fill(count))
      socket.push()
      say(flag.ack, { ack: 5000 })
    }
    expect(sent.map(({ seq }) => seq)).toEqual([0, 100, 200, 300])
    for (let count = 0; count < 2; count++) say(flag.ack)
    expect(sent.length).toBe(4)
    say(flag.ack)
    expect(sent.length).toBe(5)
    expect(sent[4].seq).toBe(0)
    say(flag.ack, { ack: 400 })
    expect(socket.room).toBe(1000)
  })
})
