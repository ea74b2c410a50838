/**
 * Attacks a udp server on real sockets while players ping it 20 times a second, and says what they saw:
 *
 *     node bench/src/udp-siege.ts [--seconds 60] [--rate 50000] [--players 8]
 *
 * Garbage: random bytes, the id of a player with a wrong key, packets of players with a bit changed, requests, cookies of others; in clear and encrypted. Then 100,000 first packets. Three
 * processes: the server, the players, and the attacker, which is a relay that sees the packets of one player.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { bits, contract, message, ProtoFactory, u32 } from 'millrace'

const game = contract({
  ask: message({ n: u32 }, { from: 'client', delivery: 'unreliable' }),
  told: message({ n: u32 }, { from: 'server', delivery: 'unreliable' }),
})
const net = new ProtoFactory().add('game', bits(game))
const key = new Uint8Array(32).fill(7)
const optionsOf = (way: string) => (way === 'encrypted' ? { encryption: { key } } : {})
const say = (what: object) => void process.send?.(what)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function serve(way: string): Promise<void> {
  const pipe = net.create('udp', '127.0.0.1', 0, 'game', optionsOf(way))
  pipe
    .on('error', () => {})
    .on('accepted', (_pipe, channel) => {
      channel.on('ask', ({ n }) => void channel.send('told', { n }))
    })
  await pipe.bind()
  say({ port: Number(pipe.address?.port) })
  process.on('message', () =>
    say({
      channels: pipe.channelCount,
      packets: pipe.statistics().packets,
      bytes: process.memoryUsage().rss,
    }),
  )
}

async function play(way: string, ports: readonly number[], seconds: number): Promise<void> {
  const times: number[] = []
  let sent = 0
  let ended = 0
  const one = async (port: number) => {
    const channel = await net.create('udp', '127.0.0.1', port, 'game', optionsOf(way)).open()
    const asked = new Map<number, number>()
    channel.on('close', () => void ended++)
    channel.on('told', ({ n }) => {
      const at = asked.get(n)
      if (at !== undefined) times.push(performance.now() - at)
      asked.delete(n)
    })
    let n = 0
    return () => {
      asked.set(++n, performance.now())
      channel.send('ask', { n })
      sent++
    }
  }
  const pings = await Promise.all(ports.map(one))
  say({ ready: true })
  for (let tick = 0; tick < seconds * 20; tick++) {
    for (const ping of pings) ping()
    await pause(50)
  }
  await pause(1000)
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    Number((times[Math.floor(share * (times.length - 1))] ?? Number.NaN).toFixed(2))
  say({ sent, lost: sent - times.length, p50: at(0.5), p99: at(0.99), max: at(1), ended })
}

/** A first packet, with an id and a key of its own. */
function request(): Buffer {
  const packet = Buffer.alloc(1200)
  packet.set([0x10, 1])
  randomBytes(8).copy(packet, 2)
  return packet
}

/** A socket that a player talks through, so that its packets can be changed. */
async function attack(port: number, seconds: number, rate: number): Promise<void> {
  const [front, back] = [createSocket('udp4'), createSocket('udp4')]
  for (const socket of [front, back]) socket.bind(0, '127.0.0.1')
  await Promise.all([once(front, 'listening'), once(back, 'listening')])
  let player = 0
  let latest: Buffer = randomBytes(60)
  let replies = 0
  let replyBytes = 0
  front.on('message', (packet, from) => {
    player = from.port
    if (packet[0] >= 0x20) latest = packet
    back.send(packet, port, '127.0.0.1')
  })
  back.on('message', (packet) => front.send(packet, player, '127.0.0.1'))
  const stranger = createSocket('udp4').bind(0, '127.0.0.1')
  stranger.on('message', (packet) => {
    replies++
    replyBytes += packet.length
  })
  say({ front: front.address().port })
  await once(process, 'message')
  const kinds = [
    () => randomBytes(randomInt(1, 1400)),
    () => Buffer.concat([latest.subarray(0, 5), randomBytes(60)]),
    () => {
      const packet = Buffer.from(latest)
      // Of a plain packet what proves nothing stays as it is: a change of its parts is the network's, which UDP's checksum finds.
      packet[packet[0] === 0x22 ? randomInt(1, 9) : randomInt(1, packet.length)] ^= 1 << randomInt(8)
      return packet
    },
    request,
    () => {
      const packet = request()
      randomBytes(20).copy(packet, 10)
      return packet
    },
  ]
  const started = performance.now()
  let sent = 0
  let sentBytes = 0
  const flood = async (until: () => boolean, make: () => Buffer) => {
    while (!until()) {
      const due = ((performance.now() - started) / 1000) * rate
      for (let burst = 0; burst < 500 && sent < due && !until(); burst++) {
        const packet = make()
        stranger.send(packet, port, '127.0.0.1')
        sent++
        sentBytes += packet.length
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  if (seconds > 0)
    await flood(
      () => performance.now() - started > seconds * 1000,
      () => kinds[sent % kinds.length](),
    )
  else await flood(() => sent >= 100_000, request)
  await pause(1000)
  say({
    sent,
    sentBytes,
    aSecond: Math.round(sent / ((performance.now() - started) / 1000 - 1)),
    replies,
    replyBytes,
  })
}

/** The next thing that a process says. */
async function next<T>(child: ChildProcess): Promise<T> {
  const [said] = (await once(child, 'message')) as [T]
  return said
}

async function siege(way: string, seconds: number, rate: number, players: number): Promise<void> {
  const start = (...role: (string | number)[]) => fork(import.meta.filename, role.map(String))
  const server = start('server', way)
  const { port } = await next<{ port: number }>(server)
  const attacker = start('attacker', port, seconds, rate)
  const { front } = await next<{ front: number }>(attacker)
  const ports = [front, ...new Array<number>(players - 1).fill(port)]
  const playing = start('players', way, seconds > 0 ? seconds : 10, ...ports)
  await next(playing)
  const seen = next<object>(playing)
  attacker.send('go')
  const [attacked, saw] = await Promise.all([next<object>(attacker), seen])
  const counted = next<object>(server)
  server.send('tell')
  console.log(
    JSON.stringify(
      { siege: seconds > 0 ? 'garbage' : 'first packets', way, attacked, saw, server: await counted },
      undefined,
      1,
    ),
  )
  for (const child of [server, attacker, playing]) child.kill()
}

const [role, ...rest] = process.argv.slice(2)
if (process.send !== undefined) process.on('disconnect', () => process.exit())
if (role === 'server') await serve(rest[0])
else if (role === 'attacker') await attack(Number(rest[0]), Number(rest[1]), Number(rest[2]))
else if (role === 'players') await play(rest[0], rest.slice(2).map(Number), Number(rest[1]))
else {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '50000' },
      players: { type: 'string', default: '8' },
    },
  })
  const { seconds, rate, players } = values
  for (const way of ['in clear', 'encrypted']) {
    await siege(way, Number(seconds), Number(rate), Number(players))
    await siege(way, 0, Number(rate), Number(players))
  }
}
