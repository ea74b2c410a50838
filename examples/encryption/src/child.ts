/** Processes of this example, and typed questions to them: `serve` in the child answers what `ask` in the parent asks. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

type Tasks<T> = { readonly [Name in keyof T]: (argument: never) => unknown }
type ArgumentOf<Task> = Task extends (argument: infer Argument) => unknown ? Argument : never
type AnswerOf<Task> = Task extends (argument: never) => infer Answer ? Awaited<Answer> : never

/** What passes between the processes. Its types are checked on both sides of `ask`. */
interface Question {
  readonly id: number
  readonly task: string
  readonly argument: never
}
type Reply = { readonly id: number; readonly answer: never } | { readonly id: number; readonly error: string }

/** In the child: answers its parent by these tasks. When the parent is gone, or says stop, `end` cleans up and the process ends. */
export function serve<T extends Tasks<T>>(tasks: T, end: () => unknown = () => {}): void {
  if (process.send === undefined) throw new Error('this process is started by main.ts: run that')
  const byName = new Map<string, (argument: never) => unknown>(Object.entries(tasks))
  // Ctrl-C goes to all processes of a terminal: the parent decides what it means.
  process.on('SIGINT', () => {})
  process.once('disconnect', async () => {
    await end()
    process.exit()
  })
  process.on('message', async (question: Question | 'stop') => {
    if (question === 'stop') return process.disconnect()
    const { id, task, argument } = question
    const reply = (rest: object) => process.connected && process.send?.({ id, ...rest })
    try {
      reply({ answer: await byName.get(task)?.(argument) })
    } catch (error) {
      reply({ error: error instanceof Error ? error.message : String(error) })
    }
  })
}

/** A running child, as its parent sees it. */
export interface Child<T> {
  /** Rejects with what the task threw, or when the child ends before it has answered. */
  ask<Name extends keyof T & string>(task: Name, argument: ArgumentOf<T[Name]>): Promise<AnswerOf<T[Name]>>
}

const stopTimeoutMs = 3000

/** All children of this process, so that none is left behind. */
export class Children {
  readonly #stops: (() => Promise<void>)[] = []

  /** Starts a file of this folder that serves the tasks `T`. */
  start<T>(file: string): Child<T> {
    const path = fileURLToPath(new URL(file, import.meta.url))
    // `advanced`, as keys are arrays of bytes.
    const child = fork(path, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], serialization: 'advanced' })
    const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
    let errorText = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      errorText += chunk
    })
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve())
      child.once('error', () => resolve())
    })
    const isGone = () =>
      new Error(`${file} ended before it had answered: ${errorText.trim() || 'it said nothing'}`)
    void ended.then(() => {
      for (const { reject } of waiting.values()) reject(isGone())
    })
    child.on('message', (reply: Reply) => {
      const question = waiting.get(reply.id)
      waiting.delete(reply.id)
      if ('error' in reply) question?.reject(new Error(reply.error))
      else question?.resolve(reply.answer)
    })
    this.#stops.push(() => stop(child, ended))
    let id = 0
    const ask: Child<T>['ask'] = (task, argument) =>
      new Promise((resolve, reject) => {
        if (!child.connected) return reject(isGone())
        waiting.set(++id, { resolve, reject })
        child.send({ id, task, argument }, () => {})
      })
    return { ask }
  }

  /** Ends all of them. Resolves when they are gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()))
  }
}

/** A child ends by itself when it is told to; one that doesn't is killed. */
async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.connected) child.send('stop', () => {})
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}
