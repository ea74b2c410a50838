import { Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { describeReason } from '../base/close-reason.ts'
import type { Channel } from '../channel/channel.ts'
import type { Pipe } from '../pipe/pipe.ts'
import type { AnyMessages } from '../pipe/target-types.ts'

describe('a local channel of a pipe that its program drives', () => {
  const ends = {
    destroy: (channel: Channel) => channel.destroy(),
    close: (channel: Channel) => void channel.close('bye'),
    overflow: (channel: Channel<AnyMessages>) => {
      channel.setOverflow('close')
      for (let n = 0; n < 10; n++) channel.send('n', n)
    },
    'close the pipe': (_channel: Channel, pipe: Pipe) => void pipe.close(),
    'destroy the pipe': (_channel: Channel, pipe: Pipe) => pipe.destroy(),
  }

  it.each(Object.keys(ends) as (keyof typeof ends)[])('hears of %s in its own turn', async (how) => {
    const rig = new Rig()
    const server = rig.local('lobby', { drive: 'manual' })
    const client = rig.local('lobby', { localQueueMax: 4 })
    let isInTurn = false
    const told: [string, boolean][] = []
    server.on('close', (_pipe, _channel, reason) => void told.push([`pipe ${reason.code}`, isInTurn]))
    server.on('accepted', (_pipe, channel) => {
      channel.on('close', (reason) => void told.push([`channel ${reason.code}`, isInTurn]))
      channel.on('n', () => void told.push(['message', isInTurn]))
    })
    const turn = async (): Promise<void> => {
      isInTurn = true
      server.process()
      isInTurn = false
      await rig.loop.advance(1)
    }
    await rig.until(server.bind())
    const opening = client.open()
    await turn()
    await turn()
    const channel = await rig.until(opening)
    channel.send('n', 0)
    ends[how](channel, client)
    await rig.loop.advance(50)
    expect(told).toEqual([])
    await turn()
    const code = how === 'destroy' || how === 'destroy the pipe' ? 'link-ended' : 'closed'
    expect(told.filter(([what]) => what !== 'message')).toEqual([
      [`channel ${code}`, true],
      [`pipe ${code}`, true],
    ])
    expect(told.every(([, inTurn]) => inTurn)).toBe(true)
    await rig.end()
  })
})

describe('a local channel when its other end is gone', () => {
  it('takes nothing more, full or not, before its own turn tells of the end', async () => {
    for (const localQueueMax of [2, 100]) {
      const rig = new Rig()
      const [server, client] = [
        rig.local('lobby', { drive: 'manual' }),
        rig.local('lobby', { localQueueMax }),
      ]
      await rig.until(client.bind())
      const opening = server.open()
      for (let n = 0; n < 4; n++) {
        server.process()
        await rig.loop.advance(1)
      }
      const channel = await opening
      const sent = channel.sendWhenReady('n', 1)
      rig.diary(client).accepted[0].destroy()
      expect(channel.send('n', 2)).toBe('closed')
      expect(await channel.drained()).toBe('closed')
      expect(await sent).toBe('queued')
      expect(channel.reason).toBe(undefined)
      server.process()
      expect(channel.reason).toEqual({ code: 'link-ended' })
      await rig.end()
    }
  })
})

describe('a local channel at its limit', () => {
  it('says how many messages were waiting when it ends, and to those who trace', async () => {
    const traced: unknown[] = []
    const topic = { hasSubscribers: true, publish: (message: unknown) => void traced.push(message) }
    const silent = { hasSubscribers: false, publish: () => {} }
    const rig = new Rig({
      diagnostics: { channel: (name) => (name === 'millrace:channel.overflow' ? topic : silent) },
    })
    const [server, client] = [rig.local(), rig.local('lobby', { localQueueMax: 4, overflow: 'close' })]
    await rig.until(server.bind())
    const channel = await rig.until(client.open())
    await rig.loop.settle()
    for (let n = 0; n < 5; n++) channel.send('n', n)
    expect(channel.reason).toEqual({ code: 'overflow', queuedBytes: 0, queuedMessages: 4 })
    expect(describeReason(channel.reason!)).toBe('4 messages were waiting (localQueueMax)')
    expect(traced).toMatchObject([{ queuedBytes: 0, queuedMessages: 4 }])
    await rig.end()
  })

  it('lets replies pass a reader that is behind', async () => {
    const rig = new Rig()
    const [server, client] = [rig.local(), rig.local('lobby', { iteratorQueueMax: 10 })]
    await rig.until(server.bind())
    const channel = await rig.until(client.open())
    const [accepted] = rig.diary(server).accepted
    accepted.on('ask', (n: unknown) => n)
    for (let n = 0; n < 100; n++) accepted.send('n', n)
    const answers: unknown[] = []
    const reading = (async () => {
      for await (const { body } of channel) {
        answers.push(await channel.request('ask', body))
        if (answers.length === 100) return
      }
    })()
    await rig.until(reading)
    expect(answers).toEqual(Array.from({ length: 100 }, (_, n) => n))
    await rig.end()
  })
})
