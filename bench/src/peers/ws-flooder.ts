import { once } from 'node:events'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { work } from '../worker-side.ts'
import type { FloodOptions } from './flood-options.ts'

/** A binary frame of one byte, masked with zeros (RFC 6455, section 5.2). */
const frame = Buffer.from([0x82, 0x81, 0, 0, 0, 0, 1])

/** Opens its connections, and sends as fast as they are read. */
work<FloodOptions>(async ({ flooderCount, port }, parent) => {
  const sockets = await Promise.all(Array.from({ length: flooderCount }, () => opened(port)))
  await parent.ready()
  const bytes = Buffer.concat(Array.from({ length: 8192 }, () => frame))
  for (const socket of sockets) {
    const pour = () => {
      while (socket.writable && socket.write(bytes));
    }
    socket.on('drain', pour)
    pour()
  }
})

async function opened(port: number): Promise<Socket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}`)
  const [{ socket }] = (await once(webSocket, 'upgrade')) as [{ socket: Socket }]
  webSocket.on('error', () => undefined)
  return socket
}
