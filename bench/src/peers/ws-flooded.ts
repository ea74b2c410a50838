import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { work } from '../worker-side.ts'
import type { FloodOptions } from './flood-options.ts'
import { reportFlood } from './flooded.ts'

/** Echoes texts, and takes binary messages. */
work<FloodOptions>(async (options, parent) => {
  let bytesIn = 0
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (webSocket, { socket }) => {
    socket.on('data', ({ length }: Buffer) => {
      bytesIn += length
    })
    webSocket.on('message', (body, isBinary) => {
      if (!isBinary) webSocket.send(body, { binary: false })
    })
    webSocket.on('error', () => undefined)
  })
  await once(server, 'listening')
  await parent.ready({ port: (server.address() as AddressInfo).port })
  await reportFlood(options, parent, () => bytesIn)
})
