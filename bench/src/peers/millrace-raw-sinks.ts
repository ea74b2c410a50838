import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { work } from '../worker-side.ts'
import { gamePipe } from './millrace-messages.ts'

const batchCount = 100

/**
 * Opens many raw connections that say Millrace's hello and then read and forget: the very reader that raw `net` has, so
 * that the sender's CPU time is compared and not that of waking a slower reader.
 */
work<{ port: number; count: number; size: number }>(async ({ port, count, size }, parent) => {
  const hello = await helloOf(size)
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(batchCount, count - sockets.length) }, () =>
      connect(port, '127.0.0.1'),
    )
    for (const socket of batch) socket.resume()
    await Promise.all(batch.map((socket) => once(socket, 'connect')))
    for (const socket of batch) {
      socket.on('error', () => undefined)
      socket.write(hello)
    }
    sockets.push(...batch)
  }
  await parent.ready()
  parent.result({})
})

/** The first bytes of a channel that is being opened, heard by a server that never answers. */
async function helloOf(size: number): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opening = gamePipe('bits', size, (server.address() as AddressInfo).port).open()
  opening.catch(() => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  server.close()
  return hello
}
