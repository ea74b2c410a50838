/** The players: one process, one pipe, and a channel for each bot. Started by `main.ts`. */
import { Bot } from './bot.ts'
import { runChild, tell } from './report.ts'
import { pipeOf, readSetup } from './setup.ts'
import { Times } from './spread.ts'
import { dice } from './world.ts'

const setup = readSetup()
const reportIntervalMs = 500
const breakIntervalMs = 1500
const breakMs = 700

const pipe = pipeOf(setup)
const random = dice(setup.seed)
const roundTripAll = new Times()
const roundTripRecent = new Times()

const owner = {
  random,
  roundTrip: (ms: number) => {
    roundTripAll.add(ms)
    roundTripRecent.add(ms)
  },
  failed: (error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    tell({ kind: 'failed', text: `one could not join: ${why}` })
  },
}

const bots = Array.from({ length: setup.bots }, (_, index) => new Bot(`bot-${index + 1}`, pipe, owner))

/** Now and then a bot leaves for a moment. */
async function takeBreak(): Promise<void> {
  const bot = bots[Math.floor(random() * bots.length)]
  await bot.leave()
  await new Promise((resolve) => setTimeout(resolve, breakMs))
  if (!isOver) await bot.join()
}

let isOver = false

await runChild(async () => {
  // A pipe reports what fails by itself; `open` rejects as well, which is all that the bots need.
  pipe.on('error', () => {})
  await Promise.all(bots.map((bot) => bot.join()))
  tell({ kind: 'ready', port: setup.port })
  const report = () =>
    tell({
      kind: 'bots',
      roundTripNow: roundTripRecent.take(),
      roundTripAll: roundTripAll.spread(),
    })
  const timers = [
    setInterval(report, reportIntervalMs),
    setInterval(() => takeBreak().catch(owner.failed), breakIntervalMs),
  ]
  return async () => {
    isOver = true
    for (const timer of timers) clearInterval(timer)
    report()
    await Promise.all(bots.map((bot) => bot.leave()))
    await pipe.close()
    pipe.destroy()
  }
})
