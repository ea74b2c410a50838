/** The peer of docs/UDP.md on a real socket: it acknowledges what comes, puts streams together, and sends nothing again. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  type Addressee,
  type EarlyPacket,
  type Part,
  type PlainPacket,
  readPacket,
  writePacket,
} from './udp-peer.ts'
import { cutFrame, type FixedSizes, type Frame } from './wire-peer.ts'

/** A side that opens a connection, and reads frames from it. */
export class UdpClient {
  readonly own: Addressee
  peer: Addressee = { id: '', key: '' }
  /** What came and was not asked for yet: packets before the connection, parts that carry no frames, and frames. */
  readonly early: EarlyPacket[] = []
  readonly parts: Part[] = []
  readonly frames: Frame[] = []
  /** Sealed packets, as they came. */
  readonly sealed: Buffer[] = []
  /** Sizes of the packets that came. */
  readonly sizes: number[] = []
  /** Whether packets that come are acknowledged. */
  isAcknowledging = true
  readonly #fixedSizes: FixedSizes
  readonly #port: number
  readonly #streams = new Map<number, Buffer>()
  readonly #numbers = new Set<number>()
  readonly #sockets: Socket[] = []
  readonly #sentTo = new Map<number, number>()
  #nextNumber = 0
  #wake: () => void = () => {}

  private constructor(port: number, own: Addressee, fixedSizes: FixedSizes) {
    this.#port = port
    this.own = own
    this.#fixedSizes = fixedSizes
  }

  static async on(port: number, own: Addressee, fixedSizes: FixedSizes = {}): Promise<UdpClient> {
    const client = new UdpClient(port, own, fixedSizes)
    await client.move()
    return client
  }

  /** Another socket, and so another address. What comes to the old ones is still read. */
  async move(): Promise<void> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.on('message', (bytes) => this.#received(bytes))
    this.#sockets.push(socket)
  }

  /** Asks for a connection by section 2.1. */
  async open(): Promise<void> {
    this.ask('00'.repeat(20))
    const retry = await this.answer()
    this.ask(retry.rest)
    const accept = await this.answer()
    this.peer = { id: accept.rest.slice(0, 8), key: accept.rest.slice(8) }
  }

  ask(cookie: string, version = 1): void {
    this.send(writePacket({ kind: 'request', version, asking: this.own, rest: cookie }))
  }

  /** The next packet before a connection. */
  async answer(): Promise<EarlyPacket> {
    await this.until(() => this.early.length > 0)
    return this.early.shift()!
  }

  /** The next frame, whatever carried it. */
  async frame(): Promise<Frame> {
    await this.until(() => this.frames.length > 0)
    return this.frames.shift()!
  }

  /** The next part of a type; those before it are done with. */
  async part<Type extends Part['type']>(type: Type): Promise<Part & { readonly type: Type }> {
    for (;;) {
      await this.until(() => this.parts.length > 0)
      const part = this.parts.shift()!
      if (part.type === type) return part as Part & { readonly type: Type }
    }
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends a plain packet with these parts. */
  say(...parts: readonly Part[]): void {
    const packet: PlainPacket = { kind: 'plain', to: this.peer, number: this.#nextNumber++, parts }
    this.send(writePacket(packet))
  }

  /** Sends frames on a lane, behind those before. */
  stream(lane: number, ...frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames)
    const offset = this.#sentTo.get(lane) ?? 0
    this.#sentTo.set(lane, offset + bytes.length)
    this.say({ type: 'stream', lane, offset, bytes: bytes.toString('hex') })
  }

  send(bytes: Buffer): void {
    this.#sockets.at(-1)!.send(bytes, this.#port, '127.0.0.1')
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }

  #received(bytes: Buffer): void {
    this.sizes.push(bytes.length)
    const packet = readPacket(bytes, this.#fixedSizes)
    if (packet === undefined) throw new Error(`no packet: ${bytes.toString('hex')}`)
    if (packet.kind === 'plain') this.#plain(packet)
    else if (packet.kind === 'sealed') this.sealed.push(bytes)
    else this.early.push(packet)
    this.#wake()
  }

  #plain({ to, number, parts }: PlainPacket): void {
    if (to.id !== this.own.id || to.key !== this.own.key) throw new Error('a packet for another side')
    if (this.#numbers.has(number)) return
    if (this.isAcknowledging) this.#numbers.add(number)
    for (const part of parts) {
      if (part.type === 'stream') this.#stream(part.lane!, part.offset, Buffer.from(part.bytes, 'hex'))
      else if ('frame' in part) this.frames.push(cutFrame(Buffer.from(part.frame, 'hex'), this.#fixedSizes)!)
      else if (part.type !== 'padding') this.parts.push(part)
    }
    const isAsking = parts.some(({ type }) => type !== 'padding' && type !== 'ack' && type !== 'close')
    if (isAsking && this.isAcknowledging) this.say({ type: 'ack', delay: 0, ranges: this.#ranges() })
  }

  #stream(lane: number, offset: number, bytes: Buffer): void {
    const known = this.#streams.get(lane) ?? Buffer.alloc(0)
    if (offset > known.length) throw new Error('loopback lost a packet')
    const whole = Buffer.concat([known, bytes.subarray(Math.max(0, known.length - offset))])
    this.#streams.set(lane, whole)
    let at = 0
    for (let frame = cutFrame(whole, this.#fixedSizes); frame !== undefined; ) {
      at += frame.size
      if (at > known.length) this.frames.push(frame)
      frame = cutFrame(whole.subarray(at), this.#fixedSizes)
    }
  }

  /** All numbers that came, the highest range first. */
  #ranges(): [number, number][] {
    const ranges: [number, number][] = []
    for (const number of [...this.#numbers].sort((one, two) => two - one)) {
      const last = ranges.at(-1)
      if (last !== undefined && last[0] === number + 1) last[0] = number
      else ranges.push([number, number])
    }
    return ranges
  }
}
