import type { ListenOptions, Server, Socket } from 'node:net'
import type { CancelSignal, ListenerOwner } from '@millrace/core'

/** Resolves when the server listens; what goes wrong afterwards is told to the owner. */
export function listening(server: Server, options: ListenOptions, owner: ListenerOwner): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      server.on('error', (error) => owner.failed(error))
      resolve()
    })
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
  })
}

/** Stops taking connections. Resolves at once: the address is free, open sockets live on. */
export function closeServer(server: Server): Promise<void> {
  server.close()
  return Promise.resolve()
}
