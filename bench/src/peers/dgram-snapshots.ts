import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { dgramSocket } from './dgram.ts'
import { everyTick, type SnapshotOptions, snapshotSize } from './snapshots.ts'

/** Sends one ready-made buffer to each peer that said hello, 20 times a second, by one socket. */
work<SnapshotOptions>(async (options, parent) => {
  const socket = await dgramSocket()
  const ports = new Set<number>()
  socket.on('message', (_bytes, { port }) => {
    ports.add(port)
  })
  await parent.ready({ port: socket.address().port })
  if (ports.size !== options.count) throw new Error(`${ports.size} peers are there`)
  const window = new Window(options, 1, (measurement) => parent.result(measurement))
  const body = Buffer.alloc(snapshotSize, 7)
  everyTick(() => {
    for (const port of ports) socket.send(body, port, '127.0.0.1')
    window.add(ports.size)
    return window.isDone ? 'done' : 'again'
  })
})
