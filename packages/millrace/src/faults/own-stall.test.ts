import { type PipeOptions, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { Diary } from '../../fixtures/diary.ts'
import { portOf } from '../../fixtures/raw-peer.ts'
import { until } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []
const children: Child[] = []
const key = Array.from({ length: 32 }, (_, index) => index + 1)

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const child of children.splice(0)) await child.stop()
})

/** The program does something else, such as load a level. */
function standStill(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** One turn of the loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a server that stands still', () => {
  const limits = {
    handshakeTimeoutMs: 1000,
    closeTimeoutMs: 1000,
    frameTimeoutMs: 1000,
    stallTimeoutMs: 1000,
  }
  it.each<[string, PipeOptions]>([
    ['in clear', {}],
    ['encrypted, driven by hand', { drive: 'manual', encryption: { key: Uint8Array.from(key) } }],
  ])('again and again cuts none of 20 honest peers, %s', async (_name, options) => {
    const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack', { ...limits, ...options })
    pipes.push(server)
    const diary = new Diary(server)
    server.on('accepted', (_pipe, channel) => {
      channel.setHeartbeat(200, 600)
      channel.on('ask', (body: unknown) => body)
    })
    await server.bind()
    const ticks = options.drive === 'manual' ? setInterval(() => server.process(), 10) : undefined
    try {
      const child = Child.start('crowd-program.ts', {
        port: portOf(server),
        ...(options.encryption ? { key } : {}),
      })
      children.push(child)
      await child.said('begun')
      for (let count = 0; count < 4; count++) {
        standStill(1100)
        await turn()
      }
      await until('all are open', () => child.count('open') === 20)
      standStill(1500)
      child.tell('close')
      standStill(1500)
      expect((await child.said('done')).failures).toEqual([])
      await until('all have closed', () => server.channelCount === 0)
      expect(diary.errors).toEqual([])
      expect(new Set(child.lines.filter(({ event }) => event === 'close').map(({ code }) => code))).toEqual(
        new Set(['closed']),
      )
    } finally {
      clearInterval(ticks)
    }
  })
})

describe('a client that stands still', () => {
  it('opens, and gets the replies that lie in its sockets', async () => {
    const child = Child.start('asked-program.ts')
    children.push(child)
    const { port } = (await child.said('bound')) as unknown as { port: number }
    const limits = { handshakeTimeoutMs: 1000, requestTimeoutMs: 1000, closeTimeoutMs: 1000 }
    const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack', limits)
    pipes.push(pipe)
    const opening = Promise.all(Array.from({ length: 20 }, () => pipe.open()))
    for (let count = 0; count < 4; count++) {
      standStill(1100)
      await turn()
    }
    const channels = await opening
    const asked = channels.map((channel) => channel.request('ask', { n: 1 }))
    await turn()
    for (let count = 0; count < 3; count++) {
      standStill(1100)
      await turn()
    }
    expect(await Promise.all(asked)).toEqual(Array(20).fill({ n: 1 }))
    const closing = Promise.all(channels.map((channel) => channel.close('bye')))
    await turn()
    standStill(1100)
    await closing
    expect(new Set(channels.map(({ reason }) => reason?.code))).toEqual(new Set(['closed']))
  })
})
