import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'

/** Counts bytes of a raw socket; the unit of the window is one byte. */
work<ThroughputOptions>(async (options, parent) => {
  const window = new Window(options, 1, ({ messagesPerSecond, cpuNsPerMessage }) =>
    parent.result({
      messagesPerSecond: messagesPerSecond / options.size,
      cpuNsPerMessage: cpuNsPerMessage * options.size,
    }),
  )
  const server = createServer((socket) => {
    socket.on('data', (chunk) => window.add(chunk.length))
    socket.on('close', () => window.end())
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await parent.ready({ port: (server.address() as AddressInfo).port })
})
