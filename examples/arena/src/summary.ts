/** The table at the end. */
import type { Figures } from './figures.ts'
import { type ArenaOptions, wayOf } from './options.ts'
import { bytes, count, ms, percent } from './quantity.ts'
import { ticksPerSecond } from './tick-loop.ts'

/** The lines of the summary; one sentence if there was nothing to measure. */
export function summarize(figures: Figures, options: ArenaOptions): string[] {
  const { server, tickAll, roundTripAll } = figures
  if (server === undefined || figures.seconds === 0) return ['Stopped before the game had begun.']
  const rates = figures.ratesAll()
  const both = (one: string, other: string) => one.padEnd(20) + other
  const rows = [
    ['players', `${figures.playersMax} (${server.joins} joins, ${server.leaves} leaves)`],
    ['messages', both(`${count(rates.messagesIn)}/s in`, `${count(rates.messagesOut)}/s out`)],
    ['bytes', both(`${bytes(rates.bytesIn)}/s in`, `${bytes(rates.bytesOut)}/s out`)],
    ['tick', both(`${ms(tickAll.averageMs)} avg`, `${ms(tickAll.p99Ms)} p99`)],
    ['round trip', both(`${ms(roundTripAll.p50Ms)} p50`, `${ms(roundTripAll.p99Ms)} p99`)],
    ['game', both(`${count(server.pelletsEaten)} pellets eaten`, `${count(server.catches)} runners caught`)],
  ]
  if (server.paths !== undefined) {
    const { packetsLost, roundTripMs, budgetBytes, packetSize } = server.paths
    const sizes = both(`budget ${bytes(budgetBytes)}`, `packets ${count(packetSize)} B`)
    rows.push(
      ['path', both(ms(roundTripMs), sizes)],
      ['loss', both(percent(figures.lossAll()), `${count(packetsLost)} resent`)],
    )
  }
  if (server.errors > 0) rows.push(['errors', `${server.errors}, the last: ${server.lastError}`])
  if (server.ticksSkipped > 0)
    rows.push(['skipped', `${server.ticksSkipped} ticks: this machine is too slow`])
  const title = `Arena: ${options.bots} bots for ${figures.seconds.toFixed(1)} s, ${wayOf(options)}, ${ticksPerSecond} ticks a second`
  return [
    title,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`),
    '',
    `  tick: the server's work in one tick, of ${(1000 / ticksPerSecond).toFixed(1)} ms`,
    '  round trip: from an input to the snapshot that shows it,',
    '  half a tick of it, on average, waiting for the tick',
  ]
}

/** One line a second, where there is no terminal. */
export function oneLine(figures: Figures, seconds: number): string {
  const { server, tickNow, roundTripNow } = figures
  const rates = figures.ratesNow()
  return [
    `${seconds.toFixed(0).padStart(4)} s`,
    `${server?.players ?? 0} players`,
    `${count(rates.messagesIn)} msg/s in`,
    `${count(rates.messagesOut)} msg/s out`,
    `${bytes(rates.bytesIn + rates.bytesOut)}/s`,
    `tick ${ms(tickNow.averageMs)} avg ${ms(tickNow.p99Ms)} p99`,
    `round trip ${ms(roundTripNow.p50Ms)} p50 ${ms(roundTripNow.p99Ms)} p99`,
    ...pathWords(figures),
  ].join('  ')
}

function pathWords(figures: Figures): string[] {
  const { paths } = figures.server ?? {}
  if (paths === undefined) return []
  const { packetsLost, roundTripMs, budgetBytes, packetSize } = paths
  return [
    `path ${ms(roundTripMs)}`,
    `loss ${percent(figures.lossNow())}`,
    `${count(packetsLost)} resent`,
    `budget ${bytes(budgetBytes)}`,
    `packets ${count(packetSize)} B`,
  ]
}
