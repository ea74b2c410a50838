/** A part of the arena that runs in a process of its own, as its parent sees it. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Report } from './report.ts'
import type { Setup } from './setup.ts'

const stopTimeoutMs = 3000
const errorTextMax = 4000

export class Part {
  /** Resolves when the part works; rejects when it ends before. */
  readonly ready: Promise<number>
  /** Resolves with a sentence when the process has ended. Never rejects. */
  readonly ended: Promise<string>
  /** Rejects when the part says that it can't go on, or ends without being asked to. Never resolves. */
  readonly broken: Promise<never>
  readonly #child: ChildProcess
  #isStopping = false
  #errorText = ''

  /** Starts the file of that name. */
  constructor(name: string, setup: Setup, heard: (report: Report) => void) {
    const path = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
    const child = fork(path, [JSON.stringify(setup)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child = child
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errorText = (this.#errorText + chunk).slice(-errorTextMax)
    })
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(`the ${name} could not start: ${error.message}`))
      child.once('close', (code, signal) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`
        resolve(`the ${name} ended unexpectedly, ${how}${lastWords(this.#errorText)}`)
      })
    })
    this.broken = new Promise((_resolve, reject) => {
      child.on('message', (report: Report) => {
        if (report.kind === 'failed') reject(new Error(`the ${name} failed: ${report.text}`))
        else heard(report)
      })
      void this.ended.then((text) => {
        if (!this.#isStopping) reject(new Error(text))
      })
    })
    this.broken.catch(() => {})
    const ready = new Promise<number>((resolve) => {
      child.on('message', (report: Report) => {
        if (report.kind === 'ready') resolve(report.port)
      })
    })
    this.ready = Promise.race([ready, this.broken])
    this.ready.catch(() => {})
  }

  /** Asks the process to end, and makes it end if it does not. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#child.connected) this.#child.send('stop', () => {})
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs)
    await this.ended
    clearTimeout(timer)
  }
}

/** What a crashed process wrote before it ended. */
function lastWords(text: string): string {
  return text.trim() === '' ? '' : `; it wrote:\n${text.trim()}`
}
