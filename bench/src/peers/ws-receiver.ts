import { WebSocket } from 'ws'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'

/** Counts binary frames on the client's side. */
work<DialerOptions>(async (options, parent) => {
  const window = new Window(options, 256, (measurement) => parent.result(measurement))
  const webSocket = new WebSocket(`ws://127.0.0.1:${options.port}`, { perMessageDeflate: false })
  webSocket.on('message', () => window.add(1))
  webSocket.on('close', () => window.end())
  await new Promise<void>((resolve, reject) => {
    webSocket.once('open', () => resolve())
    webSocket.once('error', reject)
  })
  await parent.ready()
})
