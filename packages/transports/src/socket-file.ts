import cluster from 'node:cluster'
import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { resolve } from 'node:path'
import { type ListenerOwner, MillraceError } from '@millrace/core'
import { PrivateFolder } from './private-folder.ts'
import { isSame, linkNew, look, removeStaleSocket } from './stale-socket.ts'
import { closeServer, listening } from './stream-server.ts'

/** How long another process may take to remove a stale file, in looks and in milliseconds between them. */
const busyMax = 400
const busyMs = 5

/** A bound socket file. `close` takes no more connections and removes the file, unless another has its path by now. */
export interface SocketFile {
  close(): Promise<void>
}

/**
 * Binds a server to a socket file. The file is bound and gets its rights in a folder where this user alone may enter; then
 * it is linked to its path, which fails if something is there. So it has the right rights, and takes connections, from
 * the first moment that others see it, and no process removes the file of another that lives. Nothing of the process is
 * changed for it: it works in worker threads too.
 *
 * Rejects with `address-in-use`, `address-invalid`, `listen-failed`, or the system's error.
 */
export function bindSocketFile(
  server: Server,
  path: string,
  mode: number,
  owner: ListenerOwner,
): Promise<SocketFile> {
  return cluster.isWorker
    ? bindShared(server, resolve(path), mode, owner)
    : bindAlone(server, path, mode, owner)
}

async function bindAlone(
  server: Server,
  path: string,
  mode: number,
  owner: ListenerOwner,
): Promise<SocketFile> {
  // The program may change its folder before it closes.
  const place = resolve(path)
  const folder = await PrivateFolder.make(path)
  const own = folder.at('s')
  try {
    await listening(server, { path: own }, owner)
    await chmod(own, mode)
    const file = await look(own)
    await putInPlace(own, path)
    return {
      close() {
        // Both before anything else runs: as long as the server listens, no other process removes the file.
        if (file !== undefined) unlinkOwn(place, file)
        return closeServer(server)
      },
    }
  } catch (error) {
    server.close()
    throw error
  } finally {
    await folder.remove()
  }
}

/** Removes a socket file if it still is at its path. One that can't be removed goes stale, as that of a killed process. */
function unlinkOwn(path: string, file: BigIntStats): void {
  try {
    if (isSame(lstatSync(path, { bigint: true, throwIfNoEntry: false }), file)) unlinkSync(path)
  } catch {}
}

/**
 * In a cluster worker the primary binds: once for all workers that name the same path. So they share the private folder,
 * and its file stays there as long as one of them listens: the primary removes it with the last.
 */
async function bindShared(
  server: Server,
  path: string,
  mode: number,
  owner: ListenerOwner,
): Promise<SocketFile> {
  const name = process.ppid.toString(36)
  const folder = await listenShared(server, path, name, owner)
  const own = folder.at(name)
  const leave = async () => {
    await closeServer(server)
    await primaryClosed()
    if ((await look(own)) === undefined) await folder.removeEmpty()
  }
  try {
    await chmod(own, mode)
    const file = await look(own)
    await removeLeftovers(folder, name, path)
    await putInPlace(own, path)
    return {
      async close() {
        await leave()
        const isLast = !isSame(await look(own), file)
        if (file === undefined || !isLast || !isSame(await look(path), file)) return
        await removeStaleSocket(path, file)
      },
    }
  } catch (error) {
    await leave()
    throw error
  }
}

let marks = 0

/**
 * Listens on the private file of all workers of this primary. The primary shares a file only among those that listen for
 * the same time: Node counts what a worker asks for, and attempts that fail count too. So nothing is asked for that may
 * fail and be asked for again: what an earlier primary of the same number left is removed before, and a mark keeps
 * the folder from being removed by the last worker that leaves.
 */
async function listenShared(
  server: Server,
  path: string,
  name: string,
  owner: ListenerOwner,
): Promise<PrivateFolder> {
  const mark = `mark-${process.pid}-${++marks}`
  for (let attempt = 1; attempt <= busyMax; attempt++) {
    const folder = await PrivateFolder.share(path, name)
    if ((await folder.mark(mark)) === 'gone') continue
    try {
      const own = folder.at(name)
      const found = await look(own)
      const answer =
        found === undefined ? 'gone' : await removeStaleSocket(own, found, { beside: path, seen: 'bound' })
      if (answer !== 'busy') {
        await listening(server, { path: own }, owner)
        return folder
      }
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      throw isTaken ? inUse(path, 'this worker or another process listens there') : error
    } finally {
      await folder.unmark(mark)
    }
    await new Promise((done) => setTimeout(done, busyMs))
  }
  throw inUse(path, 'another process is about to bind there')
}

/** Removes what killed primaries left in the folder. */
async function removeLeftovers(folder: PrivateFolder, name: string, path: string): Promise<void> {
  for (const other of await folder.names()) {
    if (other === name || other.startsWith('.')) continue
    const found = await look(folder.at(other))
    // A primary binds where others look: what doesn't answer yet may do so soon.
    if (found?.isSocket())
      await removeStaleSocket(folder.at(other), found, {
        beside: path,
        seen: lives(other) ? 'bound' : 'listening',
      })
  }
}

/** Whether the primary of this name is a process that lives. */
function lives(name: string): boolean {
  try {
    return process.kill(Number.parseInt(name, 36), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Links a bound socket to its path; removes a stale file that is there. */
async function putInPlace(own: string, path: string): Promise<void> {
  for (let attempt = 1; attempt <= busyMax; attempt++) {
    if ((await linkNew(own, path)) === 'linked') return
    const found = await look(path)
    if (found === undefined) continue
    // In a cluster another worker has put it there.
    if (isSame(found, await look(own))) return
    if (!found.isSocket()) throw inUse(path, 'a file that is no socket is there')
    const answer = await removeStaleSocket(path, found)
    // What answered may be newer than what was looked at.
    const isTaken = answer === 'live' && isSame(await look(path), found)
    if (isTaken) throw inUse(path, 'another process listens there')
    if (answer === 'busy') await new Promise((done) => setTimeout(done, busyMs))
  }
  throw inUse(path, 'another process is about to bind there')
}

function inUse(path: string, what: string): MillraceError {
  return new MillraceError('address-in-use', `cannot bind ${path}: ${what}; choose another path`)
}

let questions = 0

/** Resolves when the primary has done all that this worker has told it before: it does one thing after the other. */
function primaryClosed(): Promise<void> {
  if (!process.connected) return Promise.resolve()
  return new Promise((done) => {
    const answered = () => {
      process.off('disconnect', answered)
      done()
    }
    process.on('disconnect', answered)
    // Nothing can be bound below a file: that the primary says so is the answer. Each question has a path of its own.
    const question = createServer().once('error', answered)
    question.listen({ path: `/dev/null/${process.pid}-${++questions}` })
  })
}
