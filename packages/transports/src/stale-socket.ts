import type { BigIntStats } from 'node:fs'
import { link, lstat, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { PrivateFolder, pathSizeMax } from './private-folder.ts'

/** From a socket's bind to its listen a busy system may take as long, in milliseconds. */
const youngMs = 1000

/** What is at a path; undefined when there is nothing. */
export async function look(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whether both are one file, not only one number that was given out again. */
export function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return one.dev === other.dev && one.ino === other.ino && one.mtimeNs === other.mtimeNs
}

/** Links a file to a second path, unless something is there. */
export async function linkNew(from: string, to: string): Promise<'linked' | 'taken'> {
  try {
    await link(from, to)
    return 'linked'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'taken'
    throw error
  }
}

/**
 * Removes the socket file `found` at `path` if its process is gone: a killed server leaves its file behind, and nothing
 * could bind there again. `live`: something listens on it, and it stays. `busy`: another process is about to remove
 * it; look again. `gone`: that file is no longer there.
 *
 * No system call removes a file only if it still is the one that was looked at. So only the holder of a lock removes, and
 * looks again first. The lock belongs to this one file, and is itself a socket: it goes stale with its holder, and is then
 * removed in the same way. The socket of the lock is bound in a private folder `beside` a path.
 *
 * A socket that is `seen: 'bound'` was where others look before it listened. One that is young and refuses may be just there: `busy`.
 */
export async function removeStaleSocket(
  path: string,
  found: BigIntStats,
  {
    beside = path,
    seen = 'listening',
  }: { readonly beside?: string; readonly seen?: 'bound' | 'listening' } = {},
): Promise<'gone' | 'live' | 'busy'> {
  const answer = await probe(path)
  if (answer !== 'refused') return answer
  if (seen === 'bound' && Math.abs(Date.now() - Number(found.mtimeMs)) < youngMs) return 'busy'
  const folder = await PrivateFolder.make(beside)
  const server = createServer((socket) => socket.destroy())
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ path: folder.at('s'), exclusive: true }, resolve)
    })
    return await removeLocked(path, found, folder)
  } finally {
    server.close()
    await folder.remove()
  }
}

/** The lock that must be held to remove this file. */
export function lockPath(path: string, { dev, ino, mtimeNs }: BigIntStats): string {
  return join(dirname(path), `.lock-${[dev, ino, mtimeNs].map((part) => part.toString(36)).join('-')}`)
}

async function removeLocked(
  path: string,
  found: BigIntStats,
  folder: PrivateFolder,
): Promise<'gone' | 'busy'> {
  const lock = lockPath(path, found)
  if ((await linkNew(folder.at('s'), lock)) === 'taken') {
    const held = await look(lock)
    if (held !== undefined && (await isAbandoned(lock, folder))) await removeLocked(lock, held, folder)
    return 'busy'
  }
  try {
    // A new file may have the number and, by the coarse clock of file systems, the time of one that was removed: ask again.
    if (isSame(await look(path), found) && (await isAbandoned(path, folder))) await unlink(path)
    return 'gone'
  } finally {
    await unlink(lock)
  }
}

/** Whether nothing listens on a socket file any more. */
async function isAbandoned(path: string, folder: PrivateFolder): Promise<boolean> {
  if (Buffer.byteLength(path) <= pathSizeMax) return (await probe(path)) === 'refused'
  // The path of a lock may be too long for a socket: ask by a shorter one.
  const short = folder.at('l')
  try {
    await link(path, short)
    return (await probe(short)) === 'refused'
  } catch {
    // It was removed meanwhile, or belongs to another user.
    return false
  } finally {
    await unlink(short).catch(() => undefined)
  }
}

function probe(path: string): Promise<'live' | 'refused' | 'gone'> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('live')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') resolve('refused')
      else resolve(code === 'ENOENT' ? 'gone' : 'live')
    })
  })
}
