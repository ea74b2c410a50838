import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { work } from '../worker-side.ts'

/** Sends back each frame. */
work(async (_options, parent) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (webSocket) => {
    webSocket.on('message', (body) => webSocket.send(body))
    webSocket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.once('listening', () => resolve()))
  await parent.ready({ port: (server.address() as AddressInfo).port })
  parent.result({})
})
