import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { memoryPerConnection, settledMemory } from '../idle-memory.ts'
import { work } from '../worker-side.ts'

/** Holds idle raw connections, each with the listeners that any server has, and weighs them. */
work<{ count: number }>(async (options, parent) => {
  const sockets: Socket[] = []
  let bytes = 0
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    socket.on('error', () => undefined)
    socket.on('close', () => undefined)
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  const before = await settledMemory()
  await parent.ready({ port: (server.address() as AddressInfo).port })
  while (sockets.length < options.count) await new Promise((resolve) => setTimeout(resolve, 10))
  const after = await settledMemory()
  if (bytes > 0) throw new Error('the connections were not idle')
  parent.result(memoryPerConnection(before, after, options.count))
})
