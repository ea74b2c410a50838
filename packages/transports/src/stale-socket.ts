import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/**
 * Removes the socket file of a process that is gone: a killed server leaves its file behind, and nobody could bind there
 * again. A file that somebody listens on, or that is no socket, stays.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isSocket() !== true) return
  if (await isRefused(path)) await unlink(path).catch(() => undefined)
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}
