import { type Channel, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { Diary } from '../../fixtures/diary.ts'
import { portOf, RawPeer, record } from '../../fixtures/raw-peer.ts'
import { turns, until } from '../../fixtures/until.ts'

type Measured = {
  readonly before: { readonly resources: object }
  readonly after: { readonly resources: object }
  readonly grown: number
  readonly alive: number
}

/** What may be left of one connect and close, in bytes of heap: noise, less than the smallest object worth a leak. */
const noisePerRound = 300

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []
const peers: RawPeer[] = []

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const peer of peers.splice(0)) peer.destroy()
})

describe('leaks', () => {
  it.each(['sequential', 'batches', 'destroyed', 'failed', 'refused'] as const)(
    'leaves nothing behind after 1,000 connects and closes: %s',
    async (way) => {
      const child = Child.start('leak-program.ts', { way }, { flags: ['--expose-gc'] })
      const { before, after, grown, alive } = (await child.said('measured')) as unknown as Measured
      expect(after.resources).toEqual(before.resources)
      expect(grown).toBeLessThan(noisePerRound * 1000)
      // The last ones may still be held by a variable of the runtime.
      expect(alive).toBeLessThan(60)
      expect(await child.ended()).toEqual({ code: 0, signal: null })
    },
  )

  it('lets everyone in while 300 slow ones spell their hello byte by byte', async () => {
    const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack', { handshakeTimeoutMs: 3000 })
    pipes.push(server)
    const diary = new Diary(server)
    server.on('accepted', (_, channel) => channel.on('ask', (body: unknown) => body))
    await server.bind()
    const client = factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack')
    pipes.push(client)
    const { hello } = await record(
      portOf(server),
      (port) => factory.create('tcp', '127.0.0.1', port, 'msgpack'),
      async () => {},
    )
    const slow = Array.from({ length: 300 }, () => RawPeer.begin(portOf(server)))
    peers.push(...slow)
    const spell = (at: number) => {
      for (const peer of slow) peer.say(hello.subarray(at, at + 1))
    }
    const opened: Channel[] = []
    for (let round = 0; round < 100; round++) {
      if (round % 10 === 0 && round / 10 < hello.length - 2) spell(round / 10)
      const channel = await client.open()
      opened.push(channel as unknown as Channel)
      expect(await channel.request('ask', round)).toBe(round)
    }
    await until('the slow ones are cut', () => slow.every(({ isClosed }) => isClosed))
    await turns()
    expect(opened.every(({ isOpen }) => isOpen)).toBe(true)
    expect(server.statistics().handshakes).toBe(0)
    expect(server.statistics().errors).toBe(300)
    expect(diary.codes).toEqual(['handshake-failed'])
  })

  it('bounds the number of handshakes, and tells who was cut', async () => {
    const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack', {
      maxHandshakes: 20,
      handshakeTimeoutMs: 500,
    })
    pipes.push(server)
    const diary = new Diary(server)
    await server.bind()
    const silent = Array.from({ length: 60 }, () => RawPeer.begin(portOf(server)))
    peers.push(...silent)
    let most = 0
    await until('all are cut', () => {
      most = Math.max(most, server.statistics().handshakes)
      return silent.every(({ isClosed }) => isClosed)
    })
    expect(most).toBe(20)
    expect(diary.errors.some(({ message }) => message.includes('maxHandshakes'))).toBe(true)
    expect(diary.accepted).toEqual([])
    const client = factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack')
    pipes.push(client)
    const channel = await client.open().catch(() => client.open())
    expect(channel.isOpen).toBe(true)
  })
})
