import { type Channel, type CloseReason, type PipeOptions, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, type Line } from '../../fixtures/child.ts'
import { Diary } from '../../fixtures/diary.ts'
import { portOf } from '../../fixtures/raw-peer.ts'
import { turns, until, within } from '../../fixtures/until.ts'

const highWaterBytes = 128 * 1024
const lowWaterBytes = 32 * 1024
/** What a message of these tests takes, header and keys included: never more. */
const messageSize = 4200
const filling = 'x'.repeat(4000)

const factory = new ProtoFactory()
const children: Child[] = []
const pipes: { destroy(): void }[] = []

type Bodies = Record<string, unknown>

/** A channel to a process that stands still: it reads nothing until it is woken up. */
async function sleeper(options: PipeOptions = {}) {
  const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack', {
    highWaterBytes,
    lowWaterBytes,
    stallTimeoutMs: 600_000,
    ...options,
  })
  pipes.push(server)
  const diary = new Diary(server)
  await server.bind()
  const child = Child.start('client-program.ts', { port: portOf(server) })
  children.push(child)
  await child.said('connected')
  await until('it is accepted', () => diary.accepted.length === 1)
  const channel = diary.accepted[0] as Channel<Bodies>
  child.kill('SIGSTOP')
  return { server, diary, child, channel }
}

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const child of children.splice(0)) await child.stop()
})

/** Sends numbers until the system takes no more and `isEnough`. Returns those that were taken. */
async function sendNumbers(channel: Channel<Bodies>, isEnough: () => boolean): Promise<number[]> {
  const taken: number[] = []
  for (let value = 0; !isEnough(); value++) {
    if (channel.send('number', { value, filling }) === 'queued') taken.push(value)
    expect(channel.statistics().queuedBytes).toBeLessThanOrEqual(highWaterBytes + messageSize)
    if (value % 10 === 9) await turns(1)
    if (!channel.isOpen) break
  }
  return taken
}

async function reportOf(child: Child, channel: Channel<Bodies>): Promise<Line> {
  await channel.sendWhenReady('report', null)
  return child.said('report')
}

describe('a reader that stops reading', () => {
  it('fills the channel up to its mark; everything arrives when it reads again', async () => {
    const { child, channel } = await sleeper()
    const taken = await sendNumbers(channel, () => channel.statistics().refused > 200)
    expect(channel.send('number', { value: -1, filling })).toBe('full')
    expect(channel.statistics().queuedBytes).toBeGreaterThanOrEqual(highWaterBytes)
    let isReady = false
    const drained = channel.drained().then((result) => {
      isReady = true
      return result
    })
    await turns(20)
    expect(isReady).toBe(false)
    child.kill('SIGCONT')
    expect(await within('the drain', drained)).toBe('ready')
    expect(await reportOf(child, channel)).toMatchObject({
      count: taken.length,
      last: taken.at(-1),
      disorder: 0,
    })
  })

  it('bounds memory, whatever is sent', async () => {
    const { channel } = await sleeper()
    await sendNumbers(channel, () => channel.statistics().refused > 100)
    globalThis.gc?.()
    const before = process.memoryUsage()
    await sendNumbers(channel, () => channel.statistics().refused > 20_000)
    globalThis.gc?.()
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 << 20)
    expect(after.heapUsed - before.heapUsed).toBeLessThan(16 << 20)
  })

  it('does not disturb the other channels', async () => {
    const { server, channel } = await sleeper()
    server.on('accepted', (_, other) => other.on('ask', (body: unknown) => body))
    await sendNumbers(channel, () => channel.statistics().refused > 100)
    const client = factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack')
    pipes.push(client)
    const other = await client.open()
    for (let value = 0; value < 100; value++) {
      channel.send('number', { value, filling })
      expect(await other.request('ask', value)).toBe(value)
    }
    expect(channel.isOpen).toBe(true)
  })

  it('drops and counts the newest', async () => {
    const { child, channel } = await sleeper()
    channel.setOverflow('drop-newest')
    const taken = await sendNumbers(channel, () => channel.statistics().droppedNewest > 200)
    expect(channel.statistics().refused).toBe(0)
    child.kill('SIGCONT')
    await within('the drain', channel.drained())
    expect(await reportOf(child, channel)).toMatchObject({
      count: taken.length,
      last: taken.at(-1),
      disorder: 0,
    })
  })

  it('drops and counts the oldest: the last ones arrive, in order', async () => {
    const { child, channel } = await sleeper({ overflow: 'drop-oldest' })
    const sent = await sendNumbers(channel, () => channel.statistics().droppedOldest > 200)
    const { droppedOldest } = channel.statistics()
    child.kill('SIGCONT')
    await until('nothing waits any more', () => channel.statistics().queuedBytes === 0)
    const report = await reportOf(child, channel)
    expect(report).toMatchObject({ count: sent.length - droppedOldest, last: sent.at(-1), disorder: 0 })
    expect(channel.statistics().droppedOldest).toBe(droppedOldest)
  })

  it('keeps the latest by key: each state arrives in its last form', async () => {
    const { child, channel } = await sleeper()
    channel.setOverflow('latest-by-key', {
      topicOf: (key, body) => (key === 'state' ? (body as { name: string }).name : key),
    })
    const names = ['red', 'green', 'blue']
    const last: Record<string, number> = {}
    for (let value = 0; channel.statistics().superseded < 300; value++) {
      const name = names[value % names.length]
      expect(channel.send('state', { name, value, filling })).toBe('queued')
      last[name] = value
      expect(channel.statistics().queuedBytes).toBeLessThanOrEqual(highWaterBytes + messageSize)
      if (value % 10 === 9) await turns(1)
    }
    child.kill('SIGCONT')
    await until('nothing waits any more', () => channel.statistics().queuedBytes === 0)
    expect((await reportOf(child, channel)).latest).toEqual(last)
  })

  it('ends the channel when that is its policy, once', async () => {
    const { diary, child, channel } = await sleeper({ overflow: 'close' })
    const told: CloseReason[] = []
    channel.on('close', (reason) => void told.push(reason))
    await sendNumbers(channel, () => false)
    expect(told).toEqual([{ code: 'overflow', queuedBytes: expect.any(Number), queuedMessages: 0 }])
    expect(channel.send('number', 1)).toBe('closed')
    expect(diary.reasons).toEqual(told)
    child.kill('SIGCONT')
    await child.said('close')
    expect(await child.ended()).toEqual({ code: 0, signal: null })
  })

  it('is cut when it takes nothing for too long', async () => {
    const { server, diary, child, channel } = await sleeper({ stallTimeoutMs: 500 })
    await sendNumbers(channel, () => channel.statistics().refused > 50)
    const waiting = channel.drained()
    const reason = await within('the end', channel.closed)
    expect(reason).toMatchObject({ code: 'slow-reader' })
    expect(await waiting).toBe('closed')
    expect(diary.reasons).toEqual([reason])
    await within('the end of the pipe', server.close())
    child.kill('SIGCONT')
    await child.said('close')
    expect(await child.ended()).toEqual({ code: 0, signal: null })
  })
})

describe('a reader that falls behind', () => {
  it.each(['auto', 'manual'] as const)(
    'gets everything unharmed, on many channels of one process (drive: %s)',
    async (drive) => {
      const count = 1500
      const lineOf = (channel: number, value: number) =>
        `${channel}/${value} ${'abcdefgh'.repeat(value % 60)}`
      const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack')
      pipes.push(server)
      server.on('accepted', (_, channel) => {
        channel.on('begin', async (index: number) => {
          for (let value = 0; value < count; value++)
            await channel.sendWhenReady('line', lineOf(index, value))
        })
      })
      await server.bind()
      const client = factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack', {
        drive,
        iteratorQueueMax: 7,
      })
      pipes.push(client)
      const tick = drive === 'manual' ? setInterval(() => client.process(), 2) : undefined

      const read = async (index: number) => {
        const channel = await client.open()
        const lines: string[] = []
        const messages = channel[Symbol.asyncIterator]()
        channel.send('begin', index)
        while (lines.length < count) {
          const { value } = await within('a line', messages.next())
          lines.push(value.body as string)
          if (lines.length % 100 === 0) await turns(1 + (index % 3))
        }
        await messages.return?.()
        expect(lines).toEqual(Array.from({ length: count }, (_, value) => lineOf(index, value)))
      }
      try {
        await Promise.all([0, 1, 2, 3, 4].map(read))
      } finally {
        clearInterval(tick)
      }
    },
  )
})
