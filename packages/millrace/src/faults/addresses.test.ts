import { createServer } from 'node:net'
import { type MillraceError, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Diary } from '../../fixtures/diary.ts'
import { listen, portOf, RawPeer, stop } from '../../fixtures/raw-peer.ts'
import { rejection, until, within } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []

function tcpPipe(port = 0, options = {}) {
  const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack', options)
  pipes.push(pipe)
  return pipe
}

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

describe('addresses', () => {
  it('tells that a port is in use, and what to do about it', async () => {
    const first = await tcpPipe().bind()
    const second = tcpPipe(portOf(first))
    const error = (await rejection(second.bind())) as MillraceError
    expect(error.code).toBe('address-in-use')
    expect(error.message).toContain(`127.0.0.1:${portOf(first)}`)
    expect(error.message).toMatch(/choose another.*port 0/)
    expect(error.cause).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('can bind a pipe again after a port was in use', async () => {
    const first = await tcpPipe().bind()
    const second = tcpPipe(portOf(first))
    await rejection(second.bind())
    await first.close()
    await second.bind()
    const channel = await tcpPipe(portOf(second)).open()
    expect(channel.isOpen).toBe(true)
  })

  it('tells that a connection was refused, to the caller and to `connected`', async () => {
    const server = await tcpPipe().bind()
    const port = portOf(server)
    await server.close()
    const client = tcpPipe(port)
    const diary = new Diary(client)
    const error = await rejection(client.open())
    expect(error.code).toBe('connect-failed')
    expect(error.message).toContain(`127.0.0.1:${port}`)
    expect(error.message).toContain('nothing listens there')
    expect(diary.connected).toEqual([undefined])
    expect(diary.failures).toEqual([error])
  })

  it('opens after a refused attempt as soon as a server listens', async () => {
    const server = await tcpPipe().bind()
    const port = portOf(server)
    await server.close()
    const client = tcpPipe(port)
    await rejection(client.open())
    await tcpPipe(port).bind()
    expect((await client.open()).isOpen).toBe(true)
  })

  it('lists the known transports when one is unknown', () => {
    // @ts-expect-error: the compiler knows it as well
    const make = () => factory.create('udpp', '127.0.0.1', 1, 'msgpack')
    expect(make).toThrow(expect.objectContaining({ code: 'transport-unknown' }))
    expect(make).toThrow(/'udpp'.*tcp, udp, ipc, local/)
  })

  it('lists the known protocols when one is unknown', () => {
    const known = new ProtoFactory()
    // @ts-expect-error: the compiler knows it as well
    const make = () => known.create('tcp', '127.0.0.1', 1, 'gaem')
    expect(make).toThrow(expect.objectContaining({ code: 'protocol-unknown' }))
    expect(make).toThrow(/'gaem'.*msgpack/)
  })

  it('tells the same from bind, by a rejection', async () => {
    const pipe = factory.create('late')
    // @ts-expect-error: the compiler knows it as well
    expect((await rejection(pipe.bind('udpp', '127.0.0.1', 0, 'msgpack'))).code).toBe('transport-unknown')
    // @ts-expect-error: the compiler knows it as well
    expect((await rejection(pipe.bind('tcp', '127.0.0.1', 0, 'gaem'))).code).toBe('protocol-unknown')
    expect((await rejection(pipe.bind('tcp', '127.0.0.1', 65_536, 'msgpack'))).code).toBe('address-invalid')
    await pipe.bind('tcp', '127.0.0.1', 0, 'msgpack')
    pipes.push(pipe)
  })

  it('tells that a host cannot be bound', async () => {
    const pipe = factory.create('tcp', '192.0.2.1', 0, 'msgpack')
    pipes.push(pipe)
    const error = await rejection(pipe.bind())
    expect(error.code).toBe('listen-failed')
    expect(error.message).toContain('192.0.2.1')
  })

  it('frees the port at once when a pipe is closed, with channels or without', async () => {
    const server = factory.create('again')
    pipes.push(server)
    await server.bind('tcp', '127.0.0.1', 0, 'msgpack')
    const port = portOf(server)
    const client = tcpPipe(port)
    for (let round = 0; round < 10; round++) {
      if (round % 2 === 1) await client.open()
      await within('the end of the pipe', server.close())
      const other = createServer()
      await new Promise<void>((resolve, reject) => {
        other.on('error', reject)
        other.listen(port, '127.0.0.1', resolve)
      })
      await stop(other)
      await server.bind('tcp', '127.0.0.1', port, 'msgpack')
    }
  })

  it('frees the port when a pipe is destroyed, and tells so once', async () => {
    const server = await tcpPipe().bind()
    const port = portOf(server)
    const diary = new Diary(server)
    await tcpPipe(port).open()
    server.destroy()
    server.destroy()
    await until('the pipe is destroyed', () => diary.destroyed > 0)
    await tcpPipe(port).bind()
    expect(diary.destroyed).toBe(1)
    expect(diary.reasons).toEqual([{ code: 'destroyed' }])
  })

  it('is not bound when it was closed while it was binding', async () => {
    const server = tcpPipe()
    const binding = server.bind().catch(() => {})
    await within('the end of the pipe', server.close())
    await within('the end of binding', binding)
    const port = portOf(server)
    if (port === 0) return
    const stranger = await RawPeer.connect(port)
    await until('the stranger is turned away', () => stranger.isClosed)
    expect(stranger.isConnected).toBe(false)
  })

  it('stops an open that waits for a hello when its signal is aborted', async () => {
    const silent = await listen(() => {})
    const client = tcpPipe(portOf(silent), { handshakeTimeoutMs: 600_000 })
    const abort = new AbortController()
    const opening = rejection(client.open('remote', { signal: abort.signal }))
    await until('the hello is said', () => client.statistics().handshakes > 0)
    const reason = new Error('the player left')
    abort.abort(reason)
    expect(await opening).toBe(reason)
    client.destroy()
    await stop(silent)
  })
})
