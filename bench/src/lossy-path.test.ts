import { createSocket, type Socket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { LossyPath } from './lossy-path.ts'

const model = { seed: 0x5eed_cafe, delayMs: 0, bytesPerMs: 1e6, queueBytes: 1e6, packetSizeMax: 100 }

describe('LossyPath', () => {
  const sockets: Socket[] = []
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close()
  })

  async function bound(): Promise<Socket> {
    const socket = createSocket('udp4')
    sockets.push(socket)
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return socket
  }

  /** Sends packets that are numbered, then one that may not be lost: a path that loses all loses the last, too. */
  async function numbersThrough(loss: number, count: number): Promise<number[]> {
    const server = await bound()
    const client = await bound()
    const path = await LossyPath.open(server.address().port, { ...model, loss })
    const heard: number[] = []
    const last = new Promise<void>((resolve) =>
      server.on('message', (bytes) => {
        if (bytes.length === 1) resolve()
        else heard.push(bytes.readUInt16LE(0))
      }),
    )
    for (let number = 0; number < count; number++) {
      const bytes = Buffer.alloc(2)
      bytes.writeUInt16LE(number)
      await new Promise<void>((resolve) => client.send(bytes, path.port, '127.0.0.1', () => resolve()))
    }
    const end = setInterval(() => client.send(Buffer.alloc(1), path.port, '127.0.0.1'), 2)
    await last
    clearInterval(end)
    path.close()
    return heard
  }

  it('carries all of them in their order, and loses the same ones for the same seed', async () => {
    expect(await numbersThrough(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => index))
    const some = await numbersThrough(0.2, 100)
    expect(some.length).toBeGreaterThan(60)
    expect(some.length).toBeLessThan(95)
    expect(await numbersThrough(0.2, 100)).toEqual(some)
  })

  it('carries replies, and nothing that is too large', async () => {
    const server = await bound()
    const client = await bound()
    server.on('message', (bytes, { port }) => server.send(bytes, port, '127.0.0.1'))
    const path = await LossyPath.open(server.address().port, { ...model, loss: 0 })
    const heard = new Promise<Buffer>((resolve) => client.once('message', resolve))
    client.send(Buffer.alloc(101, 1), path.port, '127.0.0.1')
    client.send(Buffer.alloc(100, 2), path.port, '127.0.0.1')
    expect(await heard).toEqual(Buffer.alloc(100, 2))
    path.close()
  })
})
