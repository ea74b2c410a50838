import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'

/** Cuts frames with a 4-byte length out of a raw socket the way one writes it by hand: join, slice, call. */
work<ThroughputOptions>(async (options, parent) => {
  const window = new Window(options, 256, (measurement) => parent.result(measurement))
  const server = createServer((socket) => {
    readFrames(socket, () => window.add(1))
    socket.on('close', () => window.end())
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await parent.ready({ port: (server.address() as AddressInfo).port })
})

function readFrames(socket: Socket, onFrame: (body: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let offset = 0
    while (rest.length - offset >= 4) {
      const size = rest.readUInt32LE(offset)
      if (rest.length - offset - 4 < size) break
      onFrame(rest.subarray(offset + 4, offset + 4 + size))
      offset += 4 + size
    }
    rest = rest.subarray(offset)
  })
}
