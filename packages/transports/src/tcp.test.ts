import { once } from 'node:events'
import { connect, createServer, type Server, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Link, LinkOwner, Listener } from '@millrace/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nodeLoop } from './node-platform.ts'
import { refuseSelf } from './self-connection.ts'
import { SocketLink } from './socket-link.ts'
import { Tcp, type TcpFields, tcp } from './tcp.ts'

const plugin = tcp()
const services = { loop: nodeLoop, random: (size: number) => new Uint8Array(size) }
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** Notes all that a link tells. */
class Notes implements LinkOwner {
  readonly chunks: Buffer[] = []
  sentSize = 0
  endedCount = 0
  readonly goneWith: unknown[] = []
  ownership = new Set<string>()

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    this.ownership.add(ownership)
    this.chunks.push(Buffer.from(bytes))
  }
  sent(size: number): void {
    this.sentSize += size
  }
  ended(): void {
    this.endedCount++
  }
  gone(error?: unknown): void {
    this.goneWith.push(error)
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const started = performance.now()
  while (!isSo()) {
    if (performance.now() - started > 20_000) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

type Bound = {
  readonly listener: Listener
  readonly links: Link[]
  readonly port: number
  readonly failures: unknown[]
}

async function bind(transport = plugin.create(services), host = '127.0.0.1'): Promise<Bound> {
  if (transport.carries !== 'bytes') throw new Error('tcp carries bytes')
  const links: Link[] = []
  const failures: unknown[] = []
  const listener = await transport.listen(plugin.address('tcp', { host, port: 0 }), {
    accepted: (link) => void links.push(link),
    failed: (error) => void failures.push(error),
  })
  endings.push(() => listener.close())
  return { listener, links, failures, port: (listener.address as unknown as { port: number }).port }
}

async function open(port: number, signal?: AbortSignal, host = '127.0.0.1'): Promise<Link> {
  const transport = plugin.create(services)
  if (transport.carries !== 'bytes') throw new Error('tcp carries bytes')
  const link = await transport.connect(plugin.address('tcp', { host, port }), signal)
  endings.push(() => link.destroy())
  return link
}

/** The accepted and the opened end of one link. */
async function pair() {
  const bound = await bind()
  const near = await open(bound.port)
  await until('the link is accepted', () => bound.links.length === 1)
  const [far] = bound.links
  endings.push(() => far.destroy())
  const [nearNotes, farNotes] = [new Notes(), new Notes()]
  near.start(nearNotes)
  far.start(farNotes)
  return { near, far, nearNotes, farNotes }
}

function batchOf(pool: BlockPool, ...parts: string[]) {
  const out = new SegmentBuffer(pool)
  for (const part of parts) out.appendShared(Buffer.from(part))
  return out.take()
}

describe('tcp addresses', () => {
  it.each([
    [['', 1], /host/],
    [[7, 1], /host/],
    [['127.0.0.1', -1], /port from 0 to 65535/],
    [['127.0.0.1', 65_536], /65536/],
    [['127.0.0.1', 1.5], /1\.5/],
    [['127.0.0.1', '80'], /a number/],
    [['127.0.0.1'], /undefined/],
  ] as const)('refuses %j and says what would be right', ([host, port], words) => {
    const parse = () => plugin.address('tcp', { host, port } as TcpFields)
    expect(parse).toThrow(expect.objectContaining({ code: 'address-invalid' }))
    expect(parse).toThrow(words)
  })

  it('tells where the peer is, for limits that count by address', async () => {
    const { near, far, nearNotes, farNotes } = await pair()
    expect([near.peerAddress, far.peerAddress]).toEqual(['127.0.0.1', '127.0.0.1'])
    for (const link of [near, far]) link.destroy()
    await until('both are gone', () => nearNotes.goneWith.length + farNotes.goneWith.length === 2)
    expect([near.peerAddress, far.peerAddress]).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  it('writes an IPv4 peer of a socket for both kinds of addresses as IPv4', () => {
    const socket = new Socket()
    Object.defineProperty(socket, 'remoteAddress', { value: '::ffff:192.0.2.7' })
    expect(new SocketLink(socket, 'here').peerAddress).toBe('192.0.2.7')
    socket.destroy()
  })

  it('writes addresses for people, IPv6 in brackets', () => {
    expect(plugin.address('tcp', { host: '127.0.0.1', port: 80 }).text).toBe('tcp://127.0.0.1:80')
    expect(plugin.address('tcp', { host: '::1', port: 80 }).text).toBe('tcp://[::1]:80')
  })

  it.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]:0', '::1', 0],
    ['[fe80::1%eth0]:65535', 'fe80::1%eth0', 65_535],
    ['game.example:7777', 'game.example', 7777],
  ])('reads %j', (text, host, port) => {
    expect(plugin.parse('tcp', text)).toEqual({ host, port, text: `tcp://${text}` })
  })

  it.each([
    ['127.0.0.1'],
    [':80'],
    ['::1:80'],
    ['[::1]'],
    ['[]:80'],
    ['[localhost]:80'],
    ['127.0.0.1:'],
    ['127.0.0.1:http'],
    ['127.0.0.1:-1'],
    ['127.0.0.1:65536'],
    ['127.0.0.1:80/path'],
    ['user@[::1]:80'],
  ])('refuses the text %j', (text) => {
    expect(() => plugin.parse('game', text)).toThrow(
      expect.objectContaining({ code: 'address-invalid', message: expect.stringMatching(/^game wants/) }),
    )
  })

  it('keeps the name under which the transport is registered', async () => {
    const transport = new Tcp()
    const owner = { accepted() {}, failed() {} }
    const listener = await transport.listen(plugin.parse('game', '127.0.0.1:0'), owner)
    endings.push(() => listener.close())
    expect(listener.address.text).toBe(`game://127.0.0.1:${listener.address.port}`)
  })

  it('takes IPv6 with brackets and without', () => {
    const [plain, bracketed] = ['::1', '[::1]'].map((host) => plugin.address('tcp', { host, port: 80 }))
    expect(bracketed).toEqual(plain)
    expect(bracketed).toMatchObject({ host: '::1', port: 80 })
    for (const host of ['[::1', '::1]', '[]', '[localhost]']) {
      expect(() => plugin.address('tcp', { host, port: 80 })).toThrow(
        expect.objectContaining({ code: 'address-invalid' }),
      )
    }
  })

  it.runIf(hasIpv6)('describes links over IPv6 with brackets', async () => {
    const bound = await bind(plugin.create(services), '::1')
    const near = await open(bound.port, undefined, '[::1]')
    await until('the link is accepted', () => bound.links.length === 1)
    expect(near.describe()).toBe(`tcp://[::1]:${bound.port}`)
    expect(bound.links[0].describe()).toMatch(/^tcp:\/\/\[::1\]:\d+$/)
    expect(bound.listener.address.text).toBe(`tcp://[::1]:${bound.port}`)
    bound.links[0].destroy()
  })

  it('knows which addresses lead to a bound one', () => {
    const bound = plugin.address('tcp', { host: '0.0.0.0', port: 80 })
    expect(plugin.matches(plugin.address('tcp', { host: 'localhost', port: 80 }), bound)).toBe(true)
    expect(plugin.matches(plugin.address('tcp', { host: '127.0.0.1', port: 81 }), bound)).toBe(false)
    expect(plugin.matches(plugin.address('tcp', { host: '192.0.2.1', port: 80 }), bound)).toBe(false)
  })
})

describe('tcp links', () => {
  it('send all segments of a batch in their order, and give their memory back once', async () => {
    const { near, far, farNotes, nearNotes } = await pair()
    const pool = new BlockPool()
    const parts = Array.from({ length: 200 }, (_, index) => `${index}:${'x'.repeat(index * 30)};`)
    const batch = batchOf(pool, ...parts)
    const { size } = batch
    near.send(batch)
    await until('all has arrived', () => farNotes.text.length === size)
    expect(farNotes.text).toBe(parts.join(''))
    await until('all was sent', () => nearNotes.sentSize === size)
    far.send(batchOf(pool, 'answer'))
    await until('the answer has arrived', () => nearNotes.text === 'answer')
    expect(() => batch.release()).toThrow()
  })

  it('take an empty batch', async () => {
    const { near, farNotes } = await pair()
    near.send(new SegmentBuffer(new BlockPool()).take())
    near.send(batchOf(new BlockPool(), 'after'))
    await until('the next has arrived', () => farNotes.text === 'after')
  })

  it('tell both ends of an orderly end, and each that it is gone, once', async () => {
    const { near, far, nearNotes, farNotes } = await pair()
    near.send(batchOf(new BlockPool(), 'last words'))
    near.end()
    await until('the far side hears the end', () => farNotes.endedCount === 1)
    expect(farNotes.text).toBe('last words')
    far.send(batchOf(new BlockPool(), 'goodbye'))
    far.end()
    await until('both are gone', () => nearNotes.goneWith.length + farNotes.goneWith.length === 2)
    expect(nearNotes.text).toBe('goodbye')
    expect([nearNotes.endedCount, farNotes.endedCount]).toEqual([1, 1])
    expect([...nearNotes.goneWith, ...farNotes.goneWith]).toEqual([undefined, undefined])
  })

  it('are gone once after destroy, and give back the memory of what never left', async () => {
    const { near, far, nearNotes, farNotes } = await pair()
    const pool = new BlockPool()
    const batches = Array.from({ length: 50 }, () => batchOf(pool, 'x'.repeat(1 << 20)))
    for (const batch of batches) near.send(batch)
    near.destroy()
    near.destroy()
    await until('the near end is gone', () => nearNotes.goneWith.length > 0)
    for (const batch of batches) expect(() => batch.release()).toThrow()
    const late = batchOf(pool, 'too late')
    near.send(late)
    expect(() => late.release()).toThrow()
    near.end()
    near.pause?.()
    near.resume?.()
    await until('the far end knows', () => farNotes.endedCount + farNotes.goneWith.length > 0)
    far.destroy()
    await until('the far end is gone', () => farNotes.goneWith.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([nearNotes.goneWith.length, farNotes.goneWith.length]).toEqual([1, 1])
  })

  it('tell the error when the peer resets', async () => {
    const bound = await bind()
    const socket = connect(bound.port, '127.0.0.1')
    await until('the link is accepted', () => bound.links.length === 1)
    const notes = new Notes()
    bound.links[0].start(notes)
    socket.resetAndDestroy()
    await until('the link is gone', () => notes.goneWith.length === 1)
    expect(notes.goneWith[0]).toMatchObject({ code: 'ECONNRESET' })
  })

  it('tell one that starts late that the link has died before', async () => {
    const bound = await bind()
    const socket = connect(bound.port, '127.0.0.1')
    await until('the link is accepted', () => bound.links.length === 1)
    const [link] = bound.links
    link.destroy()
    await until('the peer hears it', () => socket.destroyed || socket.readableEnded || socket.resume().closed)
    const notes = new Notes()
    link.start(notes)
    await until('the link is gone', () => notes.goneWith.length === 1)
    socket.destroy()
  })

  it('stop reading while they are paused, on both ends', async () => {
    const { near, far, nearNotes, farNotes } = await pair()
    for (const [reader, notes, writer] of [
      [far, farNotes, near],
      [near, nearNotes, far],
    ] as const) {
      reader.pause?.()
      const before = notes.chunks.length
      const pool = new BlockPool()
      for (let index = 0; index < 40; index++) writer.send(batchOf(pool, 'y'.repeat(1 << 20)))
      await new Promise((resolve) => setTimeout(resolve, 50))
      const read = notes.chunks.slice(before).reduce((sum, { length }) => sum + length, 0)
      expect(read).toBeLessThan(1 << 20)
      reader.resume?.()
      const total = () => notes.chunks.slice(before).reduce((sum, { length }) => sum + length, 0)
      await until('all has arrived', () => total() === 40 << 20)
    }
  })

  it('lend the bytes on the opening side, and give them on the accepting one', async () => {
    const { near, far, nearNotes, farNotes } = await pair()
    near.send(batchOf(new BlockPool(), 'there'))
    far.send(batchOf(new BlockPool(), 'back'))
    await until('both have arrived', () => farNotes.text === 'there' && nearNotes.text === 'back')
    expect([...farNotes.ownership, ...nearNotes.ownership]).toEqual(['given', 'lent'])
  })
})

describe('tcp pipes', () => {
  it('pass the settings of the pipe to the sockets', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
    const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive')
    endings.push(() => vi.restoreAllMocks())
    const transport = new Tcp()
    const { port, links } = await bind()
    const address = plugin.address('tcp', { host: '127.0.0.1', port })
    const first = await transport.connect(address)
    await until('the first is accepted', () => links.length === 1)
    expect(noDelay.mock.calls).toEqual([[true], [true]])
    expect(keepAlive.mock.calls).toEqual([])
    noDelay.mockClear()
    const second = await transport.setNoDelay(false).setKeepAlive(7000).connect(address)
    await until('the second is accepted', () => links.length === 2)
    // The one of the accepting side, with settings that were not changed.
    expect(noDelay.mock.calls).toEqual([[true]])
    expect(keepAlive.mock.calls).toEqual([[true, 7000]])
    for (const link of [first, second, ...links]) link.destroy()
  })

  it('reject when nothing listens, and when the port is taken', async () => {
    const { listener, port } = await bind()
    const taken = plugin.create(services)
    if (taken.carries !== 'bytes') throw new Error('tcp carries bytes')
    const owner = { accepted() {}, failed() {} }
    const address = plugin.address('tcp', { host: '127.0.0.1', port })
    await expect(taken.listen(address, owner)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await listener.close()
    await expect(open(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const again = await taken.listen(address, owner)
    await again.close()
  })

  it('keep open links when they stop listening', async () => {
    const { listener, links, port } = await bind()
    const near = await open(port)
    await until('the link is accepted', () => links.length === 1)
    const notes = new Notes()
    links[0].start(notes)
    near.start(new Notes())
    await listener.close()
    near.send(batchOf(new BlockPool(), 'still here'))
    await until('it arrives', () => notes.text === 'still here')
    links[0].destroy()
  })

  it('are not opened to themselves', async () => {
    const { port: other, listener } = await bind()
    const address = plugin.address('tcp', { host: '127.0.0.1', port: other })
    const usual = connect({ host: '127.0.0.1', port: other })
    await once(usual, 'connect')
    expect(() => refuseSelf(usual, address)).not.toThrow()
    usual.destroy()
    await listener.close()
    // Nothing listens, and the system happened to choose the port of the destination for this end: TCP connects them.
    const socket = connect({ host: '127.0.0.1', port: other, localAddress: '127.0.0.1', localPort: other })
    await once(socket, 'connect')
    expect(socket.localPort).toBe(socket.remotePort)
    expect(() => refuseSelf(socket, address)).toThrow(
      expect.objectContaining({
        code: 'connect-failed',
        message: `cannot connect to ${address.text}: nothing listens there, and the system connected the socket to itself; try again later`,
      }),
    )
    expect(socket.destroyed).toBe(true)
  })

  it('do not begin to connect when the signal is aborted already', async () => {
    const { port, links } = await bind()
    const reason = new Error('too late')
    await expect(open(port, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(links).toEqual([])
  })

  it('give up connecting when the signal is aborted', async () => {
    const full: Server = createServer()
    await new Promise<void>((resolve) => full.listen(0, '127.0.0.1', resolve))
    const { port } = full.address() as { port: number }
    const abort = new AbortController()
    const reason = new Error('enough')
    const connecting = open(port, abort.signal)
    abort.abort(reason)
    await expect(connecting).rejects.toBe(reason)
    await new Promise((resolve) => full.close(resolve))
  })
})
