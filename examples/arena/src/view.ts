/** Draws the arena and its figures as lines of text. Knows no terminal: the size comes in, lines go out. */
import { Canvas } from './canvas.ts'
import type { Figures } from './figures.ts'
import type { Paint } from './ink.ts'
import { bytes, count, ms, percent } from './quantity.ts'
import type { ServerReport } from './report.ts'
import { walls, worldHeight, worldWidth } from './world.ts'

export interface Frame {
  readonly columns: number
  readonly rows: number
  readonly seconds: number
  readonly secondsMax: number
  readonly bots: number
  /** How they reach the server. */
  readonly way: string
  readonly paint: Paint
}

/** Below this width the figures stand in one column. */
const wideColumns = 72
const pictureRowsMin = 4
const pictureColumnsMax = 160

export function drawFrame(figures: Figures, frame: Frame): string[] {
  const { columns, rows, paint } = frame
  const below = [...drawFigures(figures, frame), '', paint('dim', ' Ctrl-C ends the game')]
  const clock = `${frame.seconds.toFixed(1)} of ${frame.secondsMax} s`
  const title = `${paint('bold', ' MILLRACE ARENA')}   ${clock}   ${frame.bots} bots over ${frame.way}`
  const width = Math.min(columns, pictureColumnsMax) - 2
  // The world is twice as wide as high, and so is a character twice as high as wide.
  const height = Math.min(rows - below.length - 3, Math.ceil(width / 4) + 2)
  if (figures.server === undefined || height < pictureRowsMin || width < 10)
    return fitted([title, '', ...below], rows)
  const picture = drawWorld(figures.server, width, height, paint)
  const line = '─'.repeat(width)
  return [
    title,
    paint('wall', `┌${line}┐`),
    ...picture.map((row) => `${paint('wall', '│')}${row}${paint('wall', '│')}`),
    paint('wall', `└${line}┘`),
    ...below,
  ]
}

/** What is empty goes first. */
function fitted(lines: string[], rows: number): string[] {
  return lines.length <= rows ? lines : lines.filter((line) => line !== '').slice(0, rows)
}

/** The picture alone. */
export function drawWorld(
  { dots, pellets }: Pick<ServerReport, 'dots' | 'pellets'>,
  columns: number,
  rows: number,
  paint: Paint,
): string[] {
  const canvas = new Canvas(columns, rows)
  for (const { left, top, right, bottom } of walls) {
    canvas.fill(left / worldWidth, top / worldHeight, right / worldWidth, bottom / worldHeight, 'wall')
  }
  for (const { x, y } of pellets) canvas.mark(x / worldWidth, y / worldHeight, '·', 'pellet')
  for (const { x, y, role } of dots) {
    if (role === 'hunter') canvas.mark(x / worldWidth, y / worldHeight, '@', 'hunter')
    else if (role === 'runner') canvas.spot(x / worldWidth, y / worldHeight, 'runner')
  }
  return canvas.lines(paint)
}

function drawFigures(figures: Figures, { columns, paint }: Frame): string[] {
  const { server, tickNow, roundTripNow } = figures
  if (server === undefined) return [' starting …']
  const rates = figures.ratesNow()
  const legend = `${paint('runner', '⠶')} runners  ${paint('hunter', '@')} hunters  ${paint('pellet', '·')} pellets`
  const left = [
    ['players', `${count(server.players)}  (${server.joins} joined, ${server.leaves} left)`],
    ['messages', `${count(rates.messagesIn)}/s in  ${count(rates.messagesOut)}/s out`],
    ['bytes', `${bytes(rates.bytesIn)}/s in  ${bytes(rates.bytesOut)}/s out`],
  ]
  const right = [
    ['tick', `${ms(tickNow.averageMs)} avg  ${ms(tickNow.p99Ms)} p99`],
    ['round trip', `${ms(roundTripNow.p50Ms)} p50  ${ms(roundTripNow.p99Ms)} p99`],
    ['game', `${count(server.pelletsEaten)} eaten  ${count(server.catches)} caught`],
  ]
  if (server.paths !== undefined) {
    const { packetsLost, roundTripMs, budgetBytes, packetSize } = server.paths
    left.push(['path', ms(roundTripMs)], ['budget', bytes(budgetBytes)])
    right.push(
      ['loss', `${percent(figures.lossNow())}  ${count(packetsLost)} resent`],
      ['packets', `${count(packetSize)} B`],
    )
  }
  const cell = ([name, value]: string[]) => ` ${paint('dim', name.padEnd(10))} ${value}`
  const chat = server.lastChat === '' ? '' : paint('dim', `   “${server.lastChat}”`)
  const problem = server.errors === 0 ? [] : [` ${server.errors} errors, the last: ${server.lastError}`]
  if (columns < wideColumns) return [...left.map(cell), ...right.map(cell), ` ${legend}`, ...problem]
  const pairs = left.map(
    (one, index) => cell([one[0], one[1].padEnd(columns < 90 ? 31 : 40)]) + cell(right[index]),
  )
  return [...pairs, ` ${legend}${chat}`, ...problem]
}
