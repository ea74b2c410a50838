import { once } from 'node:events'
import { connect } from 'node:net'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'

const blockSize = 65_536

/** Writes blocks of 64 KiB as fast as the socket drains: the bytes that Node can move at all. */
work<DialerOptions>(async (options, parent) => {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const window = new Window(options, 1, (measurement) => parent.result(measurement))
  const block = Buffer.alloc(blockSize, 7)
  const messagesPerBlock = blockSize / options.size
  await parent.ready()
  const pump = () => {
    while (!window.isDone) {
      window.add(messagesPerBlock)
      if (!socket.write(block)) {
        socket.once('drain', pump)
        return
      }
    }
    socket.end()
  }
  pump()
})
