import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { LinkOwner } from '@millrace/core'
import {
  frameCode,
  type Goodbye,
  type Hello,
  helloRoom,
  nonceSize,
  readGoodbye,
  readVarint,
  varintSizeOf,
  writeHello,
  writeVarint,
} from '@millrace/wire'
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

  /** Connects to the server there. */
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
    const words: Hello = {
      role: 'opened',
      nonce: new Uint8Array(nonceSize).fill(7),
      messageSizeMax: 1 << 20,
      codec: 'plain',
      contractVersion: 0,
      fingerprint: '0'.repeat(16),
      data: new Uint8Array(0),
      ...hello,
    }
    this.send(bytes.subarray(0, writeHello({ bytes, view: new DataView(bytes.buffer) }, 0, words)))
  }

  /** Sends a frame; `size` may lie. */
  sendFrame(code: number, body: Uint8Array | readonly number[] = [], size = body.length): void {
    const header = new Uint8Array(5)
    header[0] = code
    const end = writeVarint(header, 1, size)
    this.send(Buffer.concat([header.subarray(0, end), Uint8Array.from(body)]))
  }

  /** The whole frames among what came so far. Messages of a fixed size are not known here. */
  get frames(): RawFrame[] {
    const bytes = this.heard
    const frames: RawFrame[] = []
    for (let at = 0; at + 2 <= bytes.length; ) {
      const start = at + 1 + varintSizeOf(bytes[at + 1])
      const end = start + readVarint(bytes, at + 1)
      if (!(end <= bytes.length)) break
      frames.push({ code: bytes[at], body: bytes.subarray(start, end) })
      at = end
    }
    return frames
  }

  /** The goodbye, if the last frame is one. */
  get goodbye(): Goodbye | undefined {
    const last = this.frames.at(-1)
    if (last?.code !== frameCode.close) return undefined
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

/** A frame as it came: its first byte, and its body. */
export interface RawFrame {
  readonly code: number
  readonly body: Uint8Array
}
