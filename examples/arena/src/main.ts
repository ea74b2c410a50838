/**
 * Starts the arena: the server in one process, the players in another, what lies between them in a third if that was asked for, and shows what they do.
 * `--help` says more.
 * Ends by itself, by Ctrl-C (exit code 0, with the summary so far), or when a part dies (exit code 1, with a sentence).
 */
import { randomInt } from 'node:crypto'
import { Figures } from './figures.ts'
import { paintFor } from './ink.ts'
import { type ArenaOptions, help, parseOptions, wayOf } from './options.ts'
import { Part } from './part.ts'
import type { Report } from './report.ts'
import { Screen } from './screen.ts'
import type { Setup } from './setup.ts'
import { oneLine, summarize } from './summary.ts'
import { drawFrame } from './view.ts'

type Ending = 'time' | 'signal'

const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) return
  if (options.help) return console.log(help)
  const game = new Game(options)
  try {
    await game.play()
    console.log(summarize(game.figures, options).join('\n'))
  } catch (error) {
    console.error(`arena: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = exitCodes.failed
  }
}

function readOptions(): ArenaOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`arena: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = exitCodes.usage
    return undefined
  }
}

class Game {
  readonly figures = new Figures()
  readonly #options: ArenaOptions
  readonly #parts: Part[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #screen = new Screen()
  readonly #paint = paintFor(process.env)
  readonly #isLive = process.stdout.isTTY === true && process.env.TERM !== 'dumb'
  #startedAt: number | undefined
  #isOver = false

  constructor(options: ArenaOptions) {
    this.#options = options
  }

  /** Resolves when all is over and everything is put away; rejects if a part broke. */
  async play(): Promise<void> {
    const signal = untilSignal()
    // A reader that goes away, as in `npm start | head`, ends the game as well.
    const unread = new Promise<Ending>((resolve) => process.stdout.on('error', () => resolve('signal')))
    try {
      if (this.#isLive) this.#showLive()
      else console.log(`arena: starting the server and ${this.#options.bots} bots`)
      await Promise.race([signal, unread, this.#run()])
    } finally {
      this.#isOver = true
      for (const timer of this.#timers) clearTimeout(timer)
      // The bots first: each of them says goodbye to a server that is still there.
      for (const part of this.#parts.reverse()) await part.stop()
      this.#screen.close()
      process.stdout.off('resize', this.#draw)
    }
  }

  async #run(): Promise<Ending> {
    const { transport, net, bots: count, seed = randomInt(2 ** 32) } = this.#options
    let setup: Setup = { transport, net, bots: count, seed, port: 0 }
    const broken: Promise<never>[] = []
    const files = net === 'none' ? ['server', 'bots'] : ['server', 'network', 'bots']
    // Each is told the port of the one before.
    for (const file of files) {
      const part = this.#start(file, setup)
      broken.push(part.broken)
      setup = { ...setup, port: await Promise.race([part.ready, ...broken]) }
      if (this.#isOver) return 'signal'
    }
    this.#startedAt = performance.now()
    this.figures.start()
    if (!this.#isLive) this.#timers.push(setInterval(this.#print, 1000))
    const timeUp = new Promise<Ending>((resolve) => {
      this.#timers.push(setTimeout(() => resolve('time'), this.#options.seconds * 1000))
    })
    return Promise.race([timeUp, ...broken])
  }

  #start(name: string, setup: Setup): Part {
    const part = new Part(name, setup, (report) => this.#heard(report))
    this.#parts.push(part)
    return part
  }

  #heard(report: Report): void {
    // What is told while everyone leaves is not part of the game, except for the last round trips.
    if (this.#isOver && report.kind === 'server') return
    this.figures.heard(report)
    if (report.kind === 'server') this.#draw()
  }

  #showLive(): void {
    this.#screen.open()
    process.stdout.on('resize', this.#draw)
    // The server's reports draw as well; this keeps the clock going if they stop.
    this.#timers.push(setInterval(this.#draw, 250))
    this.#draw()
  }

  readonly #draw = (): void => {
    if (!this.#isLive || this.#isOver) return
    const { columns, rows } = this.#screen
    const { seconds: secondsMax, bots } = this.#options
    const way = wayOf(this.#options)
    const frame = { columns, rows, seconds: this.#seconds, secondsMax, bots, way, paint: this.#paint }
    this.#screen.draw(drawFrame(this.figures, frame))
  }

  readonly #print = (): void => {
    console.log(oneLine(this.figures, this.#seconds))
  }

  get #seconds(): number {
    return this.#startedAt === undefined ? 0 : (performance.now() - this.#startedAt) / 1000
  }
}

/** Resolves at the first signal that asks for an end. A second signal ends it at once. */
function untilSignal(): Promise<Ending> {
  return new Promise((resolve) => {
    let asked = 0
    const ask = () => {
      resolve('signal')
      if (asked++ > 0) process.exit(exitCodes.interrupted)
    }
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask)
  })
}

await main()
