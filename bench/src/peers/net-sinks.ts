import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { work } from '../worker-side.ts'

/** Opens many raw connections and reads what comes, or just holds them. */
work<{ port: number; count: number }>(async (options, parent) => {
  const sockets: Socket[] = []
  while (sockets.length < options.count) {
    const batch = Array.from({ length: Math.min(100, options.count - sockets.length) }, () =>
      connect(options.port, '127.0.0.1'),
    )
    for (const socket of batch) socket.resume()
    await Promise.all(batch.map((socket) => once(socket, 'connect')))
    for (const socket of batch) socket.on('error', () => undefined)
    sockets.push(...batch)
  }
  await parent.ready()
  parent.result({})
})
