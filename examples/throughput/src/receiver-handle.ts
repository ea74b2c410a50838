/** A running receiver, as the sender's process sees it: a process of its own, or for `local` a pipe in this one. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Place } from './place.ts'
import { receive } from './receiver.ts'

export interface ReceiverHandle {
  /** Where it is bound. */
  readonly place: Place
  /** Ends it. Resolves when it is gone. */
  stop(): Promise<void>
}

const stopTimeoutMs = 3000

export async function startReceiver(place: Place): Promise<ReceiverHandle> {
  if (place.transport !== 'local') return startProcess(place)
  const pipe = await receive(place)
  const stop = async () => {
    await pipe.close()
    pipe.destroy()
  }
  return { place, stop }
}

function startProcess(wanted: Place): Promise<ReceiverHandle> {
  const path = fileURLToPath(new URL('./receiver-process.ts', import.meta.url))
  const child = fork(path, [JSON.stringify(wanted)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
  let errorText = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errorText += chunk
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  return new Promise((resolve, reject) => {
    child.once('message', ({ place }: { place: Place }) => {
      resolve({ place, stop: () => stopProcess(child, ended) })
    })
    void ended.then(() => reject(new Error(`the receiver could not start: ${errorText.trim()}`)))
  })
}

async function stopProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.connected) child.send('stop', () => {})
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}
