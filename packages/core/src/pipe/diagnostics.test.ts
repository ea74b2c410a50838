import * as diagnosticsChannel from 'node:diagnostics_channel'
import { pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'

type Told = [topic: string, message: Record<string, unknown>]

async function listening(run: (told: Told[]) => Promise<void>) {
  const told: Told[] = []
  const topics = ['pipe.bound', 'pipe.error', 'channel.open', 'channel.close', 'channel.overflow']
  const listeners = topics.map((topic) => {
    const listener = (message: unknown) => void told.push([topic, message as Record<string, unknown>])
    diagnosticsChannel.subscribe(`millrace:${topic}`, listener)
    return { topic, listener }
  })
  try {
    await run(told)
  } finally {
    for (const { topic, listener } of listeners) diagnosticsChannel.unsubscribe(`millrace:${topic}`, listener)
  }
}

describe('diagnostics', () => {
  it('publish the life of pipes and channels', async () => {
    await listening(async (told) => {
      const diagnostics = diagnosticsChannel
      const { rig, accepting, opening, accepted, opened } = await pair({ diagnostics })
      await rig.until(opened.close())
      await rig.loop.settle()
      const first = told.map(([topic, message]) => [
        topic,
        message.pipe === accepting ? 'accepting' : 'opening',
      ])
      expect(first).toEqual([
        ['pipe.bound', 'accepting'],
        ['channel.open', 'accepting'],
        ['channel.open', 'opening'],
        ['channel.close', 'accepting'],
        ['channel.close', 'opening'],
      ])
      expect(told[1][1]).toMatchObject({ channel: accepted, origin: 'accepted' })
      expect(told[2][1]).toMatchObject({ channel: opened, origin: 'connected' })
      expect(told[4][1]).toMatchObject({ pipe: opening, channel: opened, reason: opened.reason })
      await rig.end()
    })
  })

  it('publish errors and overflows', async () => {
    await listening(async (told) => {
      const both = await pair({ diagnostics: diagnosticsChannel, opening: { highWaterBytes: 500 } })
      const { rig, accepting, accepted, opened } = both
      accepted.on('n', () => {
        throw new Error('no')
      })
      opened.send('n', 1)
      await rig.loop.settle()
      while (opened.send('text', 'x'.repeat(100)) === 'queued');
      const errors = told.filter(([topic]) => topic === 'pipe.error')
      expect(errors.map(([, message]) => [message.pipe, message.channel])).toEqual([[accepting, accepted]])
      const overflows = told.filter(([topic]) => topic === 'channel.overflow')
      expect(overflows.length).toBe(1)
      expect(overflows[0][1]).toMatchObject({ channel: opened, queuedBytes: expect.any(Number) })
      await rig.end()
    })
  })

  it('warn once when they fail, and so does a log', async () => {
    const fail = () => {
      throw new Error('full')
    }
    const topic = { hasSubscribers: true, publish: fail }
    const log = { debug: fail, info: fail, warn: fail, error: fail }
    const { rig, accepted, opened } = await pair({
      diagnostics: { channel: () => topic },
      accepting: { log },
    })
    accepted.on('n', fail)
    for (let n = 0; n < 3; n++) opened.send('n', n)
    await rig.loop.settle()
    expect(rig.network.warnings.map(({ message }) => message)).toEqual([
      'the diagnostics failed: full',
      'the log failed: full',
    ])
    await rig.end()
  })

  it('cost nothing without subscribers', async () => {
    const published: unknown[] = []
    const topic = { hasSubscribers: false, publish: (message: unknown) => void published.push(message) }
    const { rig, opened } = await pair({ diagnostics: { channel: () => topic } })
    await rig.until(opened.close())
    expect(published).toEqual([])
    await rig.end()
  })
})
