import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { dgramSocket } from './dgram.ts'
import type { SnapshotOptions } from './snapshots.ts'

/** Says hello by many sockets, and counts the datagrams that arrive. */
work<SnapshotOptions & { port: number }>(async (options, parent) => {
  const window = new Window(options, 64, (measurement) => parent.result(measurement))
  for (let count = 0; count < options.count; count++) {
    const socket = await dgramSocket(options.port)
    socket.on('message', () => window.add(1))
    await new Promise<void>((resolve) => socket.send('hello', () => resolve()))
  }
  await parent.ready()
})
