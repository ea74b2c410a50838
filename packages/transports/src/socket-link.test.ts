import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, createServer } from 'node:tls'
import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { LinkOwner } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { SocketLink } from './socket-link.ts'

const suite = { ciphers: 'PSK-CHACHA20-POLY1305', maxVersion: 'TLSv1.2' } as const
const psk = Buffer.alloc(32, 7)

/** Two ends of one encrypted connection to this machine. */
async function tlsPair(): Promise<[near: Socket, far: Socket]> {
  const server = createServer({ ...suite, pskCallback: () => psk })
  const far = new Promise<Socket>((resolve) => server.once('secureConnection', resolve))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const near = connect({
    ...suite,
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  })
  const sockets: [Socket, Socket] = [near, await far]
  server.close()
  return sockets
}

/** Notes what a link tells. */
class Notes implements LinkOwner {
  readonly told: string[] = []
  receivedSize = 0
  sentSize = 0
  #look = () => {}

  /** Resolves when the condition holds; it is looked at whenever the link tells something. */
  when(isMet: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isMet()) resolve()
      }
      this.#look()
    })
  }

  received(bytes: Uint8Array): void {
    this.receivedSize += bytes.length
    this.#look()
  }

  sent(size: number): void {
    this.sentSize += size
    this.#look()
  }

  ended(): void {
    this.#tell('ended')
  }

  gone(error?: unknown): void {
    this.#tell(error === undefined ? 'gone' : String(error))
  }

  #tell(what: string): void {
    this.told.push(what)
    this.#look()
  }
}

it('carries a link over node:tls', async () => {
  const sockets = await tlsPair()
  const links = sockets.map((socket, index) => new SocketLink(socket, `tls ${index}`))
  const notes = links.map(() => new Notes())
  for (const [index, link] of links.entries()) link.start(notes[index])
  expect(links.map((link) => [link.describe(), link.peerAddress])).toEqual([
    ['tls 0', '127.0.0.1'],
    ['tls 1', '127.0.0.1'],
  ])
  const pool = new BlockPool({ checks: 'on' })
  const size = 300_000
  for (const link of links) {
    const out = new SegmentBuffer(pool)
    out.append(new Uint8Array(size).fill(1))
    link.send(out.take())
  }
  for (const note of notes) await note.when(() => note.receivedSize === size && note.sentSize === size)
  links[0].end()
  await notes[1].when(() => notes[1].told.includes('ended'))
  links[1].end()
  for (const note of notes) {
    await note.when(() => note.told.includes('gone'))
    expect(note.told).toEqual(['ended', 'gone'])
  }
  expect(pool.outstanding()).toEqual([])
})

describe('a reader that takes a little now and then', () => {
  /** A link to a stream that holds what is written to it, until so much of it is taken. */
  function slowReader() {
    const waiting: { readonly size: number; readonly done: () => void }[] = []
    const bytes: Buffer[] = []
    const hold = (chunks: readonly Buffer[], done: () => void) => {
      // Copied: the memory is the link's again when they have left.
      const copy = Buffer.concat(chunks)
      bytes.push(copy)
      waiting.push({ size: copy.length, done })
    }
    const stream = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => hold([chunk], done),
      writev: (chunks, done) =>
        hold(
          chunks.map(({ chunk }) => chunk),
          done,
        ),
    })
    const link = new SocketLink(stream as Socket, 'slow')
    const notes = new Notes()
    link.start(notes)
    /** Takes the next write that waits, after longer than a quick reader needs, and returns its size. */
    const take = async () => {
      await pause(30)
      const write = waiting.shift()
      write?.done()
      await new Promise((resolve) => setImmediate(resolve))
      return write?.size
    }
    return { link, notes, stream, take, received: () => Buffer.concat(bytes) }
  }

  it.each([
    ['one large message', [1_000_000]],
    ['many small ones', Array.from({ length: 200 }, (_, index) => 3000 + index)],
    ['both', [10, 300_000, 20, 30, 100_000, 70_000, 5, 500_000]],
  ])('is seen to take them: %s', async (_name, sizes) => {
    const { link, notes, take, received } = slowReader()
    const pool = new BlockPool({ checks: 'on' })
    const wanted: Buffer[] = []
    for (const [index, size] of sizes.entries()) {
      const out = new SegmentBuffer(pool)
      wanted.push(Buffer.alloc(size, index))
      out.append(wanted[index])
      link.send(out.take(), index % 2 === 0 ? 'unless-left' : undefined)
    }
    link.end()
    let sentBefore = 0
    for (let size = await take(); size !== undefined; size = await take()) {
      expect(size).toBeLessThanOrEqual(131_072)
      expect(notes.sentSize - sentBefore).toBeLessThanOrEqual(131_072)
      sentBefore = notes.sentSize
    }
    expect(notes.sentSize).toBe(sizes.reduce((sum, size) => sum + size, 0))
    expect(received().equals(Buffer.concat(wanted))).toBe(true)
    expect(pool.outstanding()).toEqual([])
  })

  it('leaves no memory behind when it goes in the middle', async () => {
    const { link, notes, take } = slowReader()
    const pool = new BlockPool({ checks: 'on' })
    for (const size of [10, 300_000, 20, 500_000]) {
      const out = new SegmentBuffer(pool)
      out.append(new Uint8Array(size))
      link.send(out.take())
    }
    await take()
    await take()
    link.destroy()
    await notes.when(() => notes.told.includes('gone'))
    expect(pool.outstanding()).toEqual([])
  })
})
