import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { work } from '../worker-side.ts'

/** Writes back what it reads. */
work(async (_options, parent) => {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await parent.ready({ port: (server.address() as AddressInfo).port })
  parent.result({})
})
