import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { dgramSocket } from './dgram.ts'
import type { ThroughputOptions } from './throughput-options.ts'

/** Counts datagrams. */
work<ThroughputOptions>(async (options, parent) => {
  const window = new Window(options, 64, (measurement) => parent.result(measurement))
  const socket = await dgramSocket()
  socket.on('message', () => window.add(1))
  await parent.ready({ port: socket.address().port })
})
