import { once } from 'node:events'
import { connect } from 'node:net'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'

const batchCount = 256

/** Writes each message as a frame of its own, corked in batches. */
work<DialerOptions>(async (options, parent) => {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const window = new Window(options, 256, (measurement) => parent.result(measurement))
  const body = Buffer.alloc(options.size, 7)
  await parent.ready()
  const pump = () => {
    while (!window.isDone) {
      socket.cork()
      for (let index = 0; index < batchCount; index++) {
        const frame = Buffer.allocUnsafe(4 + body.length)
        frame.writeUInt32LE(body.length, 0)
        body.copy(frame, 4)
        socket.write(frame)
      }
      socket.uncork()
      window.add(batchCount)
      if (socket.writableNeedDrain) {
        socket.once('drain', pump)
        return
      }
    }
    socket.end()
  }
  pump()
})
