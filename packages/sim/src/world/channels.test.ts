import { expect, it } from 'vitest'
import { World } from './world.ts'

// What Millrace promises of channels, on the networks that it promises it for.

it.each([1, 2, 3, 4])(
  'a heartbeat ends no channel that lives, with a fifth of all packets lost: seed %i',
  async (seed) => {
    const world = new World({ seed, net: { delayMs: [25, 70], jitter: 'long-tail' } })
    const [server, player] = [world.host('server'), world.host('player')]
    const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack')
    let [sent, heard] = [0, 0]
    pipe.on('accepted', (_pipe, channel) => channel.on('n', () => void heard++))
    await world.until(pipe.bind())
    const channel = await world.until(player.factory().create('tcp', 'server', 7777, 'msgpack').open())
    world.between(server, player).set({ loss: 0.2 })
    const timer = player.timer()
    timer.set('n', () => void (channel.send('n', sent++) === 'queued' || expect.unreachable()), 50, 50)
    await world.run(300_000)
    timer.close()
    expect(channel.reason).toBeUndefined()
    world.between(server, player).set({ loss: 0 })
    await world.run(60_000)
    expect(sent).toBeGreaterThan(5900)
    expect(heard).toBe(sent)
    await world.until(channel.close())
    await world.until(pipe.close())
    await world.end()
  },
)

it.each(['gone', 'standing still'])(
  'a heartbeat finds a peer that is %s within its time and one interval',
  async (how) => {
    const world = new World({ net: 'lan' })
    const [server, player] = [world.host('server'), world.host('player')]
    const heartbeat = { intervalMs: 1000, timeoutMs: 3000 }
    const pipe = server.factory({ heartbeat }).create('tcp', 'server', 7777, 'msgpack')
    const ends: { readonly code: string; readonly atMs: number }[] = []
    pipe.on('close', (_pipe, _channel, { code }) => void ends.push({ code, atMs: world.now }))
    await world.until(pipe.bind())
    await world.until(player.factory({ heartbeat }).create('tcp', 'server', 7777, 'msgpack').open())
    await world.run(5000)
    const since = world.now
    if (how === 'gone') player.crash()
    else player.pause()
    await world.run(30_000)
    expect(ends).toMatchObject([{ code: 'heartbeat-timeout' }])
    expect(ends[0].atMs - since).toBeLessThanOrEqual(4000)
    if (how !== 'gone') player.crash()
    pipe.destroy()
    await world.end()
  },
)
