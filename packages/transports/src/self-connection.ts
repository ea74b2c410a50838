import type { Socket } from 'node:net'
import { type Address, MillraceError } from '@millrace/core'

/**
 * Throws, and destroys the socket, if it is connected to itself. TCP allows that: where nothing listens, and the system
 * happens to choose the port of the destination for this end, two crossing SYNs of one socket connect it.
 */
export function refuseSelf(socket: Socket, address: Address): void {
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  if (localPort === undefined || localPort !== remotePort || localAddress !== remoteAddress) return
  socket.destroy()
  const text = 'nothing listens there, and the system connected the socket to itself; try again later'
  throw new MillraceError('connect-failed', `cannot connect to ${address.text}: ${text}`)
}
