import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'

const batchCount = 256
const batchesInFlightMax = 4

/**
 * Sends binary frames from the server's side, which need no mask: the cheaper direction. With `corked` each batch goes
 * to the socket in one write; without, each frame does. At most four batches wait for their callback.
 */
work<ThroughputOptions & { corked: 'yes' | 'no' }>(async (options, parent) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await new Promise<void>((resolve) => server.once('listening', () => resolve()))
  const joined = new Promise<WebSocket>((resolve) => {
    server.once('connection', (webSocket, request) => {
      request.socket.setNoDelay(true)
      const { socket } = request
      const window = new Window(options, batchCount, (measurement) => parent.result(measurement))
      webSocket.on('error', () => undefined)
      resolve(webSocket)
      void started.then(() => pump(webSocket, window, options, options.corked === 'yes' ? socket : null))
    })
  })
  const started = parent.ready({ port: (server.address() as AddressInfo).port })
  await joined
})

function pump(
  webSocket: WebSocket,
  window: Window,
  { size }: ThroughputOptions,
  corkable: { cork(): void; uncork(): void } | null,
): void {
  const body = Buffer.alloc(size, 7)
  const options = { binary: true, compress: false }
  let inFlight = 0
  let isPumping = false
  const onSent = () => {
    inFlight--
    if (!isPumping) send()
  }
  const send = () => {
    isPumping = true
    while (inFlight < batchesInFlightMax && webSocket.readyState === webSocket.OPEN) {
      if (window.isDone) {
        webSocket.close()
        break
      }
      inFlight++
      corkable?.cork()
      for (let index = 1; index < batchCount; index++) webSocket.send(body, options)
      webSocket.send(body, options, onSent)
      corkable?.uncork()
      window.add(batchCount)
    }
    isPumping = false
  }
  send()
}
