import {
  bits,
  bool,
  type Channel,
  contract,
  f32,
  type MessagesOf,
  ProtoFactory,
  request,
  text,
  u8,
  u16,
} from 'millrace'
import { growable, map, bits as packed, range, rangeFloat, set, variant } from 'millrace/schema'
import { expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until, within } from '../fixtures/until.ts'

const place = rangeFloat(f32, -512, 512, { bits: 18 })
const game = contract({
  move: packed({ x: place, y: place, health: range(u16, 0, 1000), crouched: bool }),
  hit: variant({ sword: { damage: u8 }, spell: text(20) }),
  scores: map(text(20), u16, 100),
  tags: set(text(9), 10),
  rules: growable({ friendlyFire: bool }),
  look: request(packed({ yaw: place }), growable({ sees: text(9) })),
})
type Game = MessagesOf<typeof game>

it('messages of every kind of type cross a real connection', async () => {
  const net = new ProtoFactory().add('game', bits(game))
  const server = net.create('tcp', '127.0.0.1', 0, 'game')
  const accepted = new Promise<Channel<Game>>((resolve) => {
    server.on('accepted', (_pipe, channel) => resolve(channel))
  })
  await server.bind()
  const client = net.create('tcp', '127.0.0.1', portOf(server), 'game')
  try {
    const channel = await within('a channel', client.open())
    const player = await within('the other end', accepted)
    const seen: unknown[] = []
    for (const key of ['move', 'hit', 'scores', 'tags', 'rules'] as const) {
      player.onMessage(key, (body: unknown) => void seen.push(body))
    }
    player.onMessage('look', ({ yaw }) => ({ sees: yaw > 0 ? 'wall' : 'sky' }))
    channel.send('move', { x: 100, y: -3.5, health: 980, crouched: true })
    channel.send('hit', { type: 'spell', value: 'frost' })
    channel.send('scores', new Map([['ann', 3]]))
    channel.send('tags', new Set(['new']))
    channel.send('rules', { friendlyFire: true })
    await until('all are there', () => seen.length === 5)
    expect(seen[0]).toMatchObject({ health: 980, crouched: true, x: expect.closeTo(100, 1) })
    expect(seen.slice(1)).toEqual([
      { type: 'spell', value: 'frost' },
      new Map([['ann', 3]]),
      new Set(['new']),
      { friendlyFire: true },
    ])
    expect(await channel.request('look', { yaw: 90 })).toEqual({ sees: 'wall' })
    expect(() => channel.send('move', { x: 513, y: 0, health: 1, crouched: false })).toThrow(
      'move.x: wanted a number from -512 to 512, got 513',
    )
  } finally {
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
})
