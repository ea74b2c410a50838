import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import type { CancelSignal, Link, ListenerOwner } from '@millrace/core'
import { DescriptorGuard } from './descriptor-guard.ts'

/** Makes a server that hands over each connection, and says how many the process can hold. */
export function serverFor(owner: ListenerOwner, linkOf: (socket: Socket) => Link): Server {
  const guard = new DescriptorGuard((error) => owner.failed(error))
  return createServer({ allowHalfOpen: true }, (socket) => owner.accepted(linkOf(socket), guard))
}

/** Resolves when the server listens; what goes wrong afterwards is told to the owner. */
export function listening(server: Server, options: ListenOptions, owner: ListenerOwner): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => {
      server.off('listening', opened)
      reject(error)
    }
    const opened = () => {
      server.off('error', failed)
      server.on('error', (error) => owner.failed(error))
      resolve()
    }
    server.once('error', failed).once('listening', opened).listen(options)
  })
}

/** Resolves when the socket is connected. Destroys it when it fails, or when the signal is aborted before. */
export function connected(socket: Socket, signal: CancelSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (run: () => void) => {
      socket.off('connect', opened)
      socket.off('error', failed)
      signal?.removeEventListener('abort', aborted)
      run()
    }
    const opened = () => settle(resolve)
    const failed = (error: unknown) => settle(() => reject(error))
    const aborted = () => {
      socket.on('error', () => {})
      socket.destroy()
      settle(() => reject(signal?.reason))
    }
    socket.once('connect', opened)
    socket.once('error', failed)
    signal?.addEventListener('abort', aborted, { once: true })
    // Of a signal that was aborted before, no event comes.
    if (signal?.aborted) aborted()
  })
}

/** Stops taking connections. Resolves at once: the address is free, open sockets live on. */
export function closeServer(server: Server): Promise<void> {
  server.close()
  return Promise.resolve()
}
