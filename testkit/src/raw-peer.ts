import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { LinkOwner } from '@millrace/core'
import { type Goodbye, type Hello, helloRoom, longHeaderSize, readGoodbye, writeHello } from '@millrace/wire'
import type { FakeLink } from './fake-link.ts'
import type { FakeNetwork } from './fake-network.ts'

/** Speaks bytes on a link instead of messages: strangers, broken peers, peers of another version. */
export class RawPeer implements LinkOwner {
  readonly link: FakeLink
  readonly #out = new SegmentBuffer(new BlockPool())
  readonly #heard: Uint8Array[] = []
  #hasEnded = false
  #goneCount = 0

  constructor(link: FakeLink) {
    this.link = link
    link.start(this)
  }

  /** Connects to whoever listens there. */
  static async connect(network: FakeNetwork, address: string): Promise<RawPeer> {
    const peer = new RawPeer(await network.loop.until(network.connect(address)))
    network.strangers.push(() => peer.link.destroy())
    return peer
  }

  /** Listens there; answers a list that grows with everyone who connects. */
  static async listen(network: FakeNetwork, address: string): Promise<readonly RawPeer[]> {
    const peers: RawPeer[] = []
    const accepted = (link: unknown) => peers.push(new RawPeer(link as FakeLink))
    const listener = await network.loop.until(network.listen(address, { accepted, failed() {} }))
    network.strangers.push(() => {
      void listener.close()
      for (const { link } of peers) link.destroy()
    })
    return peers
  }

  send(bytes: Uint8Array | readonly number[]): void {
    this.#out.append(Uint8Array.from(bytes))
    this.link.send(this.#out.take())
  }

  end(): void {
    this.link.end()
  }

  /** Says hello as a plain codec without a contract would, or otherwise. */
  sendHello(hello: Partial<Hello> = {}): void {
    const bytes = new Uint8Array(helloRoom)
    const words = {
      messageSizeMax: 1 << 20,
      codec: 'plain',
      contractVersion: 0,
      fingerprint: '0'.repeat(16),
      ...hello,
    }
    this.send(bytes.subarray(0, writeHello({ bytes, view: new DataView(bytes.buffer) }, 0, words)))
  }

  /** Sends a frame; `size` may lie. */
  sendFrame(tag: number, body: Uint8Array | readonly number[] = [], size = body.length): void {
    const isLong = size >= 0xffff
    const header = [...word(isLong ? 0xffff : size, 2), ...word(tag, 2), ...(isLong ? word(size, 4) : [])]
    this.send(Buffer.concat([Uint8Array.from(header), Uint8Array.from(body)]))
  }

  /** The whole frames among what came so far. */
  get frames(): RawFrame[] {
    const bytes = this.heard
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const frames: RawFrame[] = []
    for (let at = 0; at + 4 <= bytes.length; ) {
      const isLong = view.getUint16(at, true) === 0xffff
      const start = at + (isLong ? longHeaderSize : 4)
      const end = start + (isLong ? view.getUint32(at + 4, true) : view.getUint16(at, true))
      if (end > bytes.length) break
      frames.push({ tag: view.getUint16(at + 2, true), body: bytes.subarray(start, end) })
      at = end
    }
    return frames
  }

  /** The goodbye, if the last frame is one. */
  get goodbye(): Goodbye | undefined {
    const last = this.frames.at(-1)
    if (last?.tag !== 0xc005) return undefined
    const { body } = last
    return readGoodbye(new DataView(body.buffer, body.byteOffset, body.length), 0, body.length)
  }

  /** All bytes that came so far. */
  get heard(): Uint8Array {
    return Buffer.concat(this.#heard)
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get isGone(): boolean {
    return this.#goneCount > 0
  }

  received(bytes: Uint8Array): void {
    this.#heard.push(bytes.slice())
  }

  sent(): void {}

  ended(): void {
    this.#hasEnded = true
  }

  gone(): void {
    this.#goneCount++
  }
}

/** A frame as it came: kind and number in its tag, and its body. */
export interface RawFrame {
  readonly tag: number
  readonly body: Uint8Array
}

function word(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Math.floor(value / 2 ** (8 * index)) & 0xff)
}
