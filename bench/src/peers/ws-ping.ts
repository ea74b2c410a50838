import { WebSocket } from 'ws'
import { RoundTrips } from '../round-trips.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'

/** Sends one frame, waits for its echo, and again. */
work<DialerOptions>(async (options, parent) => {
  const webSocket = new WebSocket(`ws://127.0.0.1:${options.port}`, { perMessageDeflate: false })
  await new Promise<void>((resolve, reject) => {
    webSocket.once('open', () => resolve())
    webSocket.once('error', reject)
  })
  const trips = new RoundTrips(options)
  const body = Buffer.alloc(options.size, 7)
  await parent.ready()
  const ping = () => {
    trips.sent()
    webSocket.send(body)
  }
  webSocket.on('message', () => {
    if (trips.received() === 'again') ping()
    else parent.result(trips.measurement())
  })
  ping()
})
