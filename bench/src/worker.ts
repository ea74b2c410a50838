import { type ChildProcess, fork, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Measurement, NotRun } from './scenario.ts'

/** Facts that a worker tells when it is ready, such as the port it listens on. */
export type Facts = Readonly<Record<string, string | number>>

/** What a worker says. Native workers say the same as lines: `ready PORT` or `ready {…}`, `result {…}`, `not run WHY`. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly facts: Facts }
  | { readonly kind: 'result'; readonly measurement: Measurement }
  | { readonly kind: 'not run' | 'failed'; readonly why: string }

/** What a worker is told. Native workers read the line `start`; they end when their input ends. */
export type ToWorker = { readonly kind: 'start' | 'stop' }

/** Where a worker's program comes from: a TypeScript file in peers/, or a compiled program. */
export type Program = (
  | { readonly kind: 'node'; readonly file: string; readonly nodeArgs?: readonly string[] }
  | { readonly kind: 'native'; readonly path: string }
) & {
  /** The command that runs it elsewhere: its path, and the arguments before those of the program. */
  readonly through?: readonly [string, ...string[]]
}

/** A program and what it is told. */
export type Given = { readonly program: Program; readonly options: Readonly<Record<string, string | number>> }

/** Two that talk to each other. */
export type Pair = { readonly listener: Given; readonly dialer: Given }

/** What two that talked to each other brought. */
export type PairResult = { readonly listener: Measurement; readonly dialer: Measurement }

/** Another process that takes part in a measurement. Ends when `stop` is called or this process goes away. */
export type Worker = {
  readonly ready: Promise<Facts>
  readonly result: Promise<Measurement>
  start(): void
  /** Asks the worker to end, and ends it by its handle when it does not. */
  stop(): Promise<void>
}

const stopPatienceMs = 2000

/** Starts a worker. `options` reach a node worker as one JSON argument, a native one as its values in order. */
export function startWorker(program: Program, options: Readonly<Record<string, string | number>>): Worker {
  return program.kind === 'node' ? startNode(program, options) : startNative(program, Object.values(options))
}

/**
 * Runs two workers against each other: the listener first, then the dialer with the listener's facts added to its
 * options; then both are started, and both results awaited for at most `patienceMs`. Both processes have ended when
 * the promise settles. `between` makes other facts of the listener's for the dialer, such as the port of a proxy.
 */
export async function runPair(
  listener: Given,
  dialer: Given,
  patienceMs: number,
  between: (facts: Facts) => Facts | Promise<Facts> = (facts) => facts,
): Promise<PairResult> {
  const [result] = await runPairs([{ listener, dialer }], patienceMs, between)
  return result
}

/** Runs several pairs at once, each as `runPair` does one: all of them are started together. */
export async function runPairs(
  pairs: readonly Pair[],
  patienceMs: number,
  between: (facts: Facts) => Facts | Promise<Facts> = (facts) => facts,
): Promise<readonly PairResult[]> {
  const workers: Worker[] = []
  const launch = ({ program, options }: Given) => {
    const worker = startWorker(program, options)
    workers.push(worker)
    return worker
  }
  const connect = async ({ listener, dialer }: Pair) => {
    const listening = launch(listener)
    const facts = await between(await within(patienceMs, listening.ready, 'the listener was not ready'))
    const dialing = launch({ ...dialer, options: { ...dialer.options, ...facts } })
    await within(patienceMs, dialing.ready, 'the dialer was not ready')
    return { listening, dialing }
  }
  try {
    const connected = await Promise.all(pairs.map(connect))
    for (const worker of workers) worker.start()
    const results = connected.map(async ({ listening, dialing }) => ({
      listener: await listening.result,
      dialer: await dialing.result,
    }))
    return await within(patienceMs, Promise.all(results), 'a worker brought no result')
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
  }
}

/**
 * Runs three workers: a server; others with its facts added to their options, which bring no result; and one more with the same: its
 * result is awaited with the server's. All three are started together.
 */
export async function runThree(
  [server, others, guest]: readonly [Program, Program, Program],
  options: Readonly<Record<string, string | number>>,
  patienceMs: number,
): Promise<[guest: Measurement, server: Measurement]> {
  const workers: Worker[] = []
  const launch = async (program: Program, given: Readonly<Record<string, string | number>>) => {
    const worker = startWorker(program, given)
    workers.push(worker)
    const facts = await within(patienceMs, worker.ready, 'a worker was not ready')
    return { worker, facts }
  }
  try {
    const serving = await launch(server, options)
    const told = { ...options, ...serving.facts }
    await launch(others, told)
    const visiting = await launch(guest, told)
    for (const worker of workers) worker.start()
    const results = Promise.all([visiting.worker.result, serving.worker.result])
    return await within(patienceMs, results, 'a worker brought no result')
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
  }
}

/** Runs one worker alone. Its process has ended when the promise settles. */
export async function runAlone(
  program: Program,
  options: Readonly<Record<string, string | number>>,
  patienceMs: number,
): Promise<Measurement> {
  const worker = startWorker(program, options)
  try {
    await within(patienceMs, worker.ready, 'the worker was not ready')
    worker.start()
    return await within(patienceMs, worker.result, 'the worker brought no result')
  } finally {
    await worker.stop()
  }
}

function startNode(
  program: Program & { kind: 'node' },
  options: Readonly<Record<string, string | number>>,
): Worker {
  const path = fileURLToPath(new URL(`./peers/${program.file}`, import.meta.url))
  const execArgv = [...process.execArgv, ...(program.nodeArgs ?? [])]
  const [execPath, ...before] = [...(program.through ?? []), process.execPath]
  const child = fork(path, [JSON.stringify(options)], {
    execPath,
    execArgv: [...before, ...execArgv],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const said = listen(child, program.file)
  child.on('message', (message) => said.heard(message as FromWorker))
  const tell = (message: ToWorker) => {
    if (child.connected) child.send(message, () => undefined)
  }
  return {
    ready: said.ready,
    result: said.result,
    start: () => tell({ kind: 'start' }),
    stop: () => {
      tell({ kind: 'stop' })
      return ended(child)
    },
  }
}

function startNative(
  { path, through }: Program & { kind: 'native' },
  args: readonly (string | number)[],
): Worker {
  const [command, ...before] = [...(through ?? []), path]
  const child = spawn(command, [...before, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said = listen(child, path)
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    const space = line.indexOf(' ')
    const [word, rest] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)]
    if (word === 'ready') said.heard({ kind: 'ready', facts: factsOf(rest) })
    else if (word === 'result') said.heard({ kind: 'result', measurement: JSON.parse(rest) as Measurement })
    else if (line.startsWith('not run ')) said.heard({ kind: 'not run', why: line.slice('not run '.length) })
    else said.heard({ kind: 'failed', why: line })
  })
  return {
    ready: said.ready,
    result: said.result,
    start: () => void child.stdin.write('start\n'),
    stop: () => {
      child.stdin.end()
      return ended(child)
    },
  }
}

function factsOf(text: string): Facts {
  if (text.startsWith('{')) return JSON.parse(text) as Facts
  return text === '' ? {} : { port: Number(text) }
}

/** Turns what a child says, and its end, into the two promises. */
function listen(child: ChildProcess, name: string) {
  const ready = Promise.withResolvers<Facts>()
  const result = Promise.withResolvers<Measurement>()
  const fail = (error: Error) => {
    ready.reject(error)
    result.reject(error)
  }
  // A worker may fail before the second promise is awaited.
  ready.promise.catch(() => undefined)
  result.promise.catch(() => undefined)
  child.on('error', fail)
  child.on('exit', (code, signal) =>
    fail(new Error(`${name} ended early (${signal ?? `exit code ${code}`})`)),
  )
  const heard = (message: FromWorker) => {
    if (message.kind === 'ready') ready.resolve(message.facts)
    else if (message.kind === 'result') result.resolve(message.measurement)
    else fail(message.kind === 'not run' ? new NotRun(message.why) : new Error(`${name}: ${message.why}`))
  }
  return { ready: ready.promise, result: result.promise, heard }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  await new Promise<void>((resolve) => {
    const impatience = setTimeout(() => child.kill('SIGKILL'), stopPatienceMs)
    child.once('exit', () => {
      clearTimeout(impatience)
      resolve()
    })
  })
}

async function within<T>(patienceMs: number, promise: Promise<T>, what: string): Promise<T> {
  let impatience: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    impatience = setTimeout(() => reject(new Error(`${what} after ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(impatience)
  }
}
