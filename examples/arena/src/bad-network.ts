/** A bad network between the players and the server, for udp: each player has a path of his own, each way, which delays packets, loses some, and carries only so much. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type ConditionOptions, presets, type Span } from '@millrace/sim'
import type { Setup } from './setup.ts'
import { dice } from './world.ts'

const host = '127.0.0.1'

/** One direction. Keeps the order of what it carries, and calls `arrive` when a packet is there: never, if it is lost. */
function path(net: ConditionOptions, random: () => number): (size: number, arrive: () => void) => void {
  const { bytesPerSecond = Number.POSITIVE_INFINITY, queueBytes = 262_144, delayMs = 0, loss = 0 } = net
  const [delayMin, delayMax]: Span = typeof delayMs === 'number' ? [delayMs, delayMs] : delayMs
  const {
    chance: burstChance = 0,
    packets: burstPackets = 10,
    loss: burstLoss = 1,
    msMax: burstMs = 1000,
  } = net.bursts ?? {}
  const { chance: clogChance = 0, ms: [clogMin, clogMax] = [0, 0] } = net.clogs ?? {}
  let [freeAt, lastAt, burstLeft, burstEnd] = [0, 0, 0, 0]
  return (size, arrive) => {
    const now = performance.now()
    if (freeAt > now && ((freeAt - now) * bytesPerSecond) / 1000 + size > queueBytes) return
    freeAt = Math.max(freeAt, now) + (size * 1000) / bytesPerSecond
    // It ends after a while also for those who send little, or their tries would all fall into one.
    if (burstLeft > 0 && now < burstEnd) burstLeft--
    else {
      burstLeft = random() < burstChance ? burstPackets : 0
      burstEnd = now + burstMs
    }
    if (random() < (burstLeft > 0 ? burstLoss : loss)) return
    const clogMs = random() < clogChance ? clogMin + (clogMax - clogMin) * random() : 0
    lastAt = Math.max(lastAt, freeAt + delayMin + (delayMax - delayMin) * random() ** 4 + clogMs)
    setTimeout(arrive, lastAt - now)
  }
}

/** Resolves with the port that players find, and a function that closes it. */
export async function openNetwork({ net, seed, port }: Setup): Promise<{ port: number; close(): void }> {
  const random = dice(seed)
  const front = createSocket('udp4')
  /** By the port of the player: the socket that the server sees in his place, and what is sent through it. */
  const players = new Map<number, { socket: Socket; send(bytes: Buffer): void }>()
  let isClosed = false
  const send = (socket: Socket, bytes: Buffer, to: number) => void (isClosed || socket.send(bytes, to, host))

  function join(player: number) {
    const socket = createSocket('udp4')
    const [there, back] = [path(presets[net], random), path(presets[net], random)]
    socket.on('message', (bytes) => back(bytes.length, () => send(front, bytes, player)))
    const joined = {
      socket,
      send: (bytes: Buffer) => there(bytes.length, () => send(socket, bytes, port)),
    }
    players.set(player, joined)
    return joined
  }

  front.on('message', (bytes, from) => (players.get(from.port) ?? join(from.port)).send(bytes))
  front.bind(0, host)
  await once(front, 'listening')
  const close = () => {
    isClosed = true
    front.close()
    for (const { socket } of players.values()) socket.close()
  }
  return { port: front.address().port, close }
}
