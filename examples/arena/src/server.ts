/**
 * The game server: 30 times a second it reads what the players want, moves the world, and sends everyone the same
 * snapshot. `drive: 'manual'` means that nothing of Millrace runs between the ticks: no handler ever sees half a tick.
 */
import type { Channel } from 'millrace'
import { type Arena, positionScale, type Snapshot } from './contract.ts'
import { Paths, type PathsReport } from './paths.ts'
import { runChild, tell } from './report.ts'
import { pipeOf, readSetup } from './setup.ts'
import { Times } from './spread.ts'
import { TickLoop, ticksPerSecond } from './tick-loop.ts'
import { dice, type Player, type Point, World } from './world.ts'

const reportEveryTicks = 2

const setup = readSetup()
const world = new World(dice(setup.seed))
const channels = new Map<Player, Channel<Arena, 'server'>>()
const paths = new Paths()
const counts = { ticks: 0, joins: 0, leaves: 0, errors: 0 }
const last = { error: '', chat: '' }
const tickAll = new Times()
const tickSecond = new Times()
let tickNow = tickSecond.take()
let pathsNow: PathsReport | undefined
/** Of this tick, if it was wanted already. */
let shown: Snapshot | undefined

const pipe = pipeOf(setup, { drive: 'manual' })

pipe.on('accepted', (_pipe, channel) => {
  let player: Player | undefined

  channel.setHeartbeat(2000, 6000)
  channel.on('join', ({ name }) => {
    if (player !== undefined) throw new Error(`${player.name} has joined already`)
    player = world.join(name)
    channels.set(player, channel)
    counts.joins++
    return { id: player.id }
  })
  channel.on('respawn', () => {
    if (player === undefined) throw new Error('join first')
    world.respawn(player)
    return placeOf(player)
  })
  channel.on('steer', ({ input, x, y }) => {
    if (player !== undefined) world.steer(player, { x: x / 127, y: y / 127 }, input)
  })
  channel.on('say', ({ line }) => {
    if (player === undefined) return
    last.chat = `${player.name}: ${line}`
    pipe.broadcast('chat', { from: player.name, line })
  })
  channel.on('close', () => {
    if (player === undefined) return
    world.leave(player)
    channels.delete(player)
    counts.leaves++
  })
})

pipe.on('error', (_pipe, error) => {
  counts.errors++
  last.error = error.message
})

function tick(): void {
  const started = performance.now()
  pipe.process() // reads: all handlers above run in here
  for (const { runner, hunter } of world.step(1 / ticksPerSecond)) {
    channels.get(runner)?.send('caught', { by: hunter.id })
  }
  shown = undefined
  // Who has no room for it gets a later one: a snapshot that waits would be old when it arrives.
  for (const channel of channels.values()) channel.sendLatest('snapshot', () => (shown ??= snapshot()))
  pipe.process() // writes: without it, the snapshots would leave with the next tick
  const workMs = performance.now() - started
  tickAll.add(workMs)
  tickSecond.add(workMs)
  counts.ticks++
  if (counts.ticks % ticksPerSecond === 0) {
    tickNow = tickSecond.take()
    pathsNow = paths.look(channels.values())
  }
  if (counts.ticks % reportEveryTicks === 0) report()
}

function snapshot(): Snapshot {
  const players = [...world.players.values()]
  return {
    tick: counts.ticks,
    players: players.map((player) => {
      const { id, role, input, score } = player
      return { id, role, input, score, ...placeOf(player) }
    }),
    pellets: world.pellets.map(placeOf),
  }
}

function placeOf({ x, y }: Point): Point {
  return { x: Math.round(x * positionScale), y: Math.round(y * positionScale) }
}

function report(): void {
  const { messagesIn, messagesOut, bytesIn, bytesOut } = pipe.statistics()
  tell({
    kind: 'server',
    atMs: performance.now(),
    players: world.players.size,
    joins: counts.joins,
    leaves: counts.leaves,
    catches: world.catches,
    pelletsEaten: world.pelletsEaten,
    messagesIn,
    messagesOut,
    bytesIn,
    bytesOut,
    tickNow,
    tickAll: tickAll.spread(),
    paths: pathsNow,
    ticksSkipped: loop.skipped,
    errors: counts.errors,
    lastError: last.error,
    lastChat: last.chat,
    dots: [...world.players.values()].map(({ x, y, role }) => ({ x, y, role })),
    pellets: world.pellets,
  })
}

let loop: TickLoop

await runChild(async () => {
  await pipe.bind()
  loop = new TickLoop(ticksPerSecond, tick)
  // Port 0 let the system choose; the address knows what it chose.
  const { port } = new URL(String(pipe.address?.text))
  tell({ kind: 'ready', port: Number(port) })
  return async () => {
    loop.stop()
    await pipe.close('the game is over')
    pipe.destroy()
  }
})
