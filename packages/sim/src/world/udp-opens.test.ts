import type { PipeOptions } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { Host } from './host.ts'
import { World, type WorldOptions } from './world.ts'

/** What became of so many channels that were opened at once, by so many players. */
async function crowd(
  options: WorldOptions,
  { count, hosts, server: serverOptions = {} }: { count: number; hosts: number; server?: PipeOptions },
  meanwhile: (server: Host) => void = () => {},
) {
  const world = new World(options)
  const server = world.host('server')
  const pipe = server.factory().create('udp', 'server', 7777, 'msgpack', serverOptions)
  const errors: string[] = []
  pipe.on('error', (_pipe, { code }) => void errors.push(code))
  await world.until(pipe.bind())
  const players = Array.from({ length: hosts }, (_, index) => world.host(`player-${index}`))
  const pipes = players.map((player) => player.factory().create('udp', 'server', 7777, 'msgpack'))
  meanwhile(server)
  const failures: string[] = []
  const opened = await world.until(
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        pipes[index % hosts].open().catch((error: Error) => void failures.push(error.message)),
      ),
    ),
  )
  const taken = opened.filter((channel) => channel !== undefined).length
  const statistics = pipe.statistics()
  for (const each of pipes) each.destroy()
  pipe.destroy()
  await world.run(3000)
  await world.end()
  return { taken, failures, errors, statistics }
}

describe('channels that are opened over udp', () => {
  it('all come about on a path that loses a fifth, both ways', async () => {
    const { taken, failures, errors } = await crowd(
      { seed: 20, net: { delayMs: 40, loss: 0.2 } },
      { count: 300, hosts: 20 },
    )
    expect(failures).toEqual([])
    expect(errors).toEqual([])
    expect(taken).toBe(300)
  })

  it('all come about at a server that stands still again and again, and loses what its socket can not hold', async () => {
    const { taken, failures, errors } = await crowd(
      { seed: 21, net: { delayMs: 10 } },
      { count: 800, hosts: 3 },
      (server) => {
        const timer = server.timer({})
        let stalls = 0
        timer.set('stall', () => (++stalls < 40 ? server.stall(80) : timer.close()), 100, 100)
      },
    )
    expect(failures).toEqual([])
    expect(errors).toEqual([])
    expect(taken).toBe(800)
  })

  it.each([
    [5000, {}, {}],
    [700, { handshakeTimeoutMs: 700 }, {}],
    [800, {}, { handshakeTimeoutMs: 800 }],
  ] as const)(
    'have %i ms, unless the pipe or its factory says otherwise',
    async (ms, pipeOptions, factoryOptions) => {
      const world = new World({ seed: 23, net: { delayMs: 10 } })
      const [server, player] = [world.host('server'), world.host('player')]
      // Something is there, and says nothing.
      const silent = await world.until(
        server.packets.open({ host: '0.0.0.0', port: 7777 }, { received: () => {}, failed: () => {} }),
      )
      const opening = player
        .factory(factoryOptions)
        .create('udp', 'server', 7777, 'msgpack', pipeOptions)
        .open()
        .catch((error: Error) => error.message)
      const text = await world.until(opening)
      expect(text).toContain(`within ${ms} ms (handshakeTimeoutMs)`)
      await world.until(silent.close())
      await world.end()
    },
  )

  it('wait for their turn when more than maxHandshakes come from one address', async () => {
    const { taken, failures, errors } = await crowd(
      { seed: 22, net: { delayMs: 50 } },
      { count: 300, hosts: 1, server: { maxHandshakes: 64 } },
    )
    expect(failures).toEqual([])
    expect(errors).toEqual([])
    expect(taken).toBe(300)
  })
})
