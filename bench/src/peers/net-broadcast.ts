import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { measureRounds } from '../broadcast-rounds.ts'
import type { WindowOptions } from '../window.ts'
import { work } from '../worker-side.ts'

/** Writes one buffer to every raw socket, once a round. */
work<WindowOptions & { count: number; size: number }>(async (options, parent) => {
  const sockets: Socket[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  await parent.ready({ port: (server.address() as AddressInfo).port })
  const body = Buffer.alloc(options.size, 7)
  const round = async () => {
    for (const socket of sockets) socket.write(body)
    for (const socket of sockets) if (socket.writableNeedDrain) await once(socket, 'drain')
  }
  while (sockets.length < options.count) await new Promise((resolve) => setTimeout(resolve, 10))
  parent.result(await measureRounds(options, options.count, round))
})
