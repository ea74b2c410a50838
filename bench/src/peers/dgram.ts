import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'

const bufferSize = 4 * 1024 * 1024

/** A socket of node:dgram, on loopback unless told otherwise, with the buffers that Millrace asks for; connected if there is a port. It looks up no address: all are numbers. */
export async function dgramSocket(port?: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    lookup: (host, _options, callback) => callback(null, host, isIPv6(host) ? 6 : 4),
  })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  socket.setRecvBufferSize(bufferSize)
  socket.setSendBufferSize(bufferSize)
  // A peer that is gone says so by an error.
  socket.on('error', () => undefined)
  if (port !== undefined) await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
  return socket
}
