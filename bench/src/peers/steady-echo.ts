import { work } from '../worker-side.ts'
import { dgramSocket } from './dgram.ts'

/** Sends back each datagram, raw. */
work<{ host: string }>(async ({ host }, parent) => {
  const socket = await dgramSocket(undefined, host)
  socket.on('message', (bytes, { address, port }) => socket.send(bytes, port, address))
  await parent.ready({ port: socket.address().port })
  parent.result({})
})
