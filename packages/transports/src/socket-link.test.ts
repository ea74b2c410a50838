import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:tls'
import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { LinkOwner } from '@millrace/core'
import { expect, it } from 'vitest'
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
