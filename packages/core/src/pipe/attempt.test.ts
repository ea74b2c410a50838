import { Rig } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cancel } from '../base/cancel.ts'
import type { StreamTransport, TransportServices } from '../ports/transport.ts'
import type { PipeOptions } from './pipe-options.ts'

let rig: Rig
beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.end())

/** A pipe over a transport that connects after so many milliseconds, to `net://server`. */
function slowPipe(connectMs: number, options: PipeOptions) {
  const streams = rig.network.streams()
  const create = (services: TransportServices): StreamTransport => {
    const transport = streams.create(services) as StreamTransport
    const connect: StreamTransport['connect'] = async (address, signal) => {
      await new Promise<void>((resolve) => {
        if (connectMs < Number.POSITIVE_INFINITY) rig.loop.wakeAt(rig.loop.now() + connectMs, resolve)
      })
      return transport.connect({ ...address, text: 'net://server' }, signal)
    }
    return { carries: 'bytes', connect, listen: transport.listen.bind(transport) }
  }
  const factory = rig.factory.add('slow', { ...streams, create })
  return rig.watch(factory.create('slow', 'server', 'test', options))
}

describe('handshakeTimeoutMs', () => {
  it.each(['auto', 'manual'] as const)(
    'bounds a connection that is never answered, with %s',
    async (drive) => {
      const client = slowPipe(Number.POSITIVE_INFINITY, { drive, handshakeTimeoutMs: 500 })
      const error = await rig.failureOf(client.open())
      expect(rig.loop.now()).toBe(500)
      expect(error.code).toBe('connect-failed')
      expect(error.message).toBe(
        'cannot connect to slow://server: there was no response within 500 ms (handshakeTimeoutMs)',
      )
    },
  )

  it('bounds connecting and the hello together', async () => {
    await rig.until(rig.pipe('server', { drive: 'manual' }).bind())
    const client = slowPipe(300, { handshakeTimeoutMs: 500 })
    const error = await rig.failureOf(client.open())
    expect(rig.loop.now()).toBe(500)
    expect(error.code).toBe('handshake-failed')
    expect(error.message).toContain('did not say hello within 500 ms')
  })

  it('does not end a channel that is open', async () => {
    await rig.until(rig.pipe('server').bind())
    const channel = await rig.until(slowPipe(300, { handshakeTimeoutMs: 500 }).open())
    await rig.loop.advance(5000)
    expect(channel.isOpen).toBe(true)
  })
})

describe('connectTimeoutMs', () => {
  it.each(['auto', 'manual'] as const)('bounds connecting alone, with %s', async (drive) => {
    const options = { drive, connectTimeoutMs: 700, handshakeTimeoutMs: 500 }
    const error = await rig.failureOf(slowPipe(Number.POSITIVE_INFINITY, options).open())
    expect(rig.loop.now()).toBe(700)
    expect(error.code).toBe('connect-failed')
    expect(error.message).toBe(
      'cannot connect to slow://server: there was no response within 700 ms (connectTimeoutMs)',
    )
  })

  it('may be shorter than handshakeTimeoutMs', async () => {
    await rig.until(rig.pipe('server').bind())
    const error = await rig.failureOf(slowPipe(300, { connectTimeoutMs: 100 }).open())
    expect(rig.loop.now()).toBe(100)
    expect(error.code).toBe('connect-failed')
    // The link that comes too late is closed again.
    await rig.loop.advance(1000)
    expect(rig.network.connections.every(({ opened }) => opened.isGone)).toBe(true)
  })

  it('leaves the hello its own time, from the link on', async () => {
    await rig.until(rig.pipe('server', { drive: 'manual' }).bind())
    const client = slowPipe(300, { connectTimeoutMs: 400, handshakeTimeoutMs: 500 })
    const error = await rig.failureOf(client.open())
    expect(rig.loop.now()).toBe(800)
    expect(error.code).toBe('handshake-failed')
    expect(error.message).toContain('did not say hello within 500 ms')
  })

  it.each([60_000, Number.POSITIVE_INFINITY])('of %d lets a link come late', async (connectTimeoutMs) => {
    await rig.until(rig.pipe('server').bind())
    const client = slowPipe(50_000, { connectTimeoutMs, handshakeTimeoutMs: 500 })
    const channel = await rig.until(client.open())
    await rig.loop.advance(60_000)
    expect(channel.isOpen).toBe(true)
  })

  it('tells a pipe without turns apart from a peer that says nothing', async () => {
    await rig.until(rig.pipe('server').bind())
    const client = slowPipe(300, { drive: 'manual', connectTimeoutMs: 400, handshakeTimeoutMs: 500 })
    const opening = client.open()
    opening.catch(() => {})
    await rig.loop.advance(200)
    client.process()
    const error = await rig.failureOf(opening)
    expect(rig.loop.now()).toBe(800)
    expect(error.code).toBe('handshake-failed')
    expect(error.message).toContain('got no turn within 500 ms (handshakeTimeoutMs)')
  })

  it('counts before the handshake of an encrypted pipe, which has its own time', async () => {
    const encryption = { key: new Uint8Array(32).fill(7) }
    await rig.until(rig.pipe('server', { encryption, drive: 'manual' }).bind())
    const client = slowPipe(300, { encryption, connectTimeoutMs: 400, handshakeTimeoutMs: 500 })
    const error = await rig.failureOf(client.open())
    expect(rig.loop.now()).toBe(800)
    expect(error.code).toBe('handshake-failed')
  })

  it('waits no longer than the signal of open()', async () => {
    const cancel = new Cancel()
    const client = slowPipe(Number.POSITIVE_INFINITY, { connectTimeoutMs: 5000 })
    const opening = client.open('remote', { signal: cancel }).catch((error: unknown) => error)
    await rig.loop.advance(100)
    cancel.abort('changed my mind')
    expect(await rig.until(opening)).toBe('changed my mind')
    expect(rig.loop.now()).toBe(100)
  })

  it('is none of its own when it is undefined', async () => {
    const client = slowPipe(Number.POSITIVE_INFINITY, {
      connectTimeoutMs: undefined,
      handshakeTimeoutMs: 500,
    })
    const error = await rig.failureOf(client.open())
    expect(rig.loop.now()).toBe(500)
    expect(error.message).toContain('(handshakeTimeoutMs)')
  })

  it('is a positive number', () => {
    for (const connectTimeoutMs of [0, -1, Number.NaN, '5' as unknown as number]) {
      const error = expect.objectContaining({ code: 'argument-invalid' })
      expect(() => rig.pipe('server', { connectTimeoutMs })).toThrowError(error)
    }
  })

  it('is nothing to a local channel, which connects to nothing', async () => {
    await rig.until(rig.local('lobby', { drive: 'manual' }).bind())
    const client = rig.local('lobby', { connectTimeoutMs: 100, handshakeTimeoutMs: 500 })
    const error = await rig.failureOf(client.open('local'))
    expect(rig.loop.now()).toBe(500)
    expect(error.message).toContain('(handshakeTimeoutMs)')
  })
})

describe('the signal of open()', () => {
  it('ends an attempt within the process, whichever side is waited for', async () => {
    for (const turns of [0, 1]) {
      const server = rig.local(`lobby ${turns}`, { drive: 'manual' })
      await rig.until(server.bind())
      const client = rig.local(`lobby ${turns}`, { drive: 'manual' })
      const cancel = new Cancel()
      const opening = client.open('local', { signal: cancel }).catch((error: unknown) => error)
      for (let turn = 0; turn < turns; turn++) server.process()
      cancel.abort('changed my mind')
      expect(await rig.until(opening)).toBe('changed my mind')
      for (let turn = 0; turn < 3; turn++) {
        server.process()
        client.process()
      }
      expect(client.channelCount).toBe(0)
      expect(client.statistics().handshakes).toBe(0)
      expect(rig.diary(server).accepted.every((channel) => !channel.isOpen)).toBe(true)
    }
  })

  it('that was given before opens nothing', async () => {
    await rig.until(rig.local().bind())
    const cancel = new Cancel()
    cancel.abort('too late')
    const opening = rig.local().open('local', { signal: cancel })
    expect(await rig.until(opening.catch((error: unknown) => error))).toBe('too late')
  })
})
