import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'

const blockSize = 65_536

/** Writes blocks of 64 KiB as fast as the socket drains: the bytes that Node can move at all. Connects, or listens without a port. */
work<ThroughputOptions & { port?: number }>(async (options, parent) => {
  const socket = options.port === undefined ? await accepted(parent.ready) : connectTo(options.port)
  socket.on('error', () => undefined)
  if (options.port !== undefined) {
    await once(socket, 'connect')
    await parent.ready()
  }
  const window = new Window(options, 1, (measurement) => parent.result(measurement))
  const block = Buffer.alloc(blockSize, 7)
  const messagesPerBlock = blockSize / options.size
  const pump = () => {
    while (!window.isDone) {
      window.add(messagesPerBlock)
      if (!socket.write(block)) {
        socket.once('drain', pump)
        return
      }
    }
    socket.end()
  }
  pump()
})

function connectTo(port: number): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true })
}

/** The one connection that comes in, once both sides may start. */
async function accepted(ready: (facts: { port: number }) => Promise<void>): Promise<Socket> {
  const server = createServer({ noDelay: true })
  const connection = once(server, 'connection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await ready({ port: (server.address() as AddressInfo).port })
  const [socket] = (await connection) as [Socket]
  return socket
}
