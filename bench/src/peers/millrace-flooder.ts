import { once } from 'node:events'
import net from 'node:net'
import { work } from '../worker-side.ts'
import { type FloodKind, floodBytes, hello } from './flood-kinds.ts'
import type { FloodOptions } from './flood-options.ts'

/** Opens its channels by hand, and sends as fast as they are read. */
work<FloodOptions>(async ({ flood, flooderCount, port }, parent) => {
  const sockets = await Promise.all(Array.from({ length: flooderCount }, (_, index) => greeted(port, index)))
  await parent.ready()
  const bytes = floodBytes(flood as FloodKind)
  if (bytes === undefined) return
  for (const socket of sockets) {
    const pour = () => {
      while (socket.writable && socket.write(bytes));
    }
    socket.on('drain', pour)
    pour()
  }
})

async function greeted(port: number, index: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(hello(index))
  await once(socket, 'data')
  return socket.resume()
}
