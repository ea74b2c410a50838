import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'

const readSize = 262_144

/**
 * Counts bytes of a raw socket; the unit of the window is one byte. Listens, or connects to `port` if there is one: then
 * it reads into one buffer again and again (`onread`), which Node lets only those do who connect.
 */
work<ThroughputOptions & { port?: number }>(async (options, parent) => {
  const window = new Window(options, 1, ({ messagesPerSecond, cpuNsPerMessage }) =>
    parent.result({
      messagesPerSecond: messagesPerSecond / options.size,
      cpuNsPerMessage: cpuNsPerMessage * options.size,
    }),
  )
  const watch = (socket: Socket) => {
    socket.on('close', () => window.end())
    socket.on('error', () => undefined)
  }
  if (options.port !== undefined) {
    const callback = (count: number) => {
      window.add(count)
      return true
    }
    const onread = { buffer: Buffer.allocUnsafeSlow(readSize), callback }
    watch(connect({ port: options.port, host: '127.0.0.1', onread }))
    await parent.ready()
    return
  }
  const server = createServer((socket) => {
    socket.on('data', (chunk) => window.add(chunk.length))
    watch(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await parent.ready({ port: (server.address() as AddressInfo).port })
})
