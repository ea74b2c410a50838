import {
  type CloseReason,
  type MillraceError,
  type PipeOptions,
  ProtoFactory,
  type SendResult,
} from 'millrace'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Diary } from '../../fixtures/diary.ts'
import { portOf } from '../../fixtures/raw-peer.ts'
import { rejection, until, within } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []

function tcpPipe(port = 0, options: PipeOptions = {}) {
  const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack', options)
  pipes.push(pipe)
  return pipe
}

/** A server, a client, and the two ends of a channel between them. */
async function pair() {
  const server = await tcpPipe().bind()
  const client = tcpPipe(portOf(server))
  const near = await client.open()
  await until('the channel is accepted', () => server.channelCount === 1)
  const [far] = server.channels()
  return { server, client, near, far }
}

afterEach(() => {
  vi.restoreAllMocks()
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

describe('handlers that throw', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('broken rule')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken rule'))],
  ])('tells `error` when a handler of a message %s, and goes on', async (_, fail) => {
    const { server, near, far } = await pair()
    const diary = new Diary(server)
    const told: unknown[] = []
    server.on('error', (_pipe, error, channel) => void told.push(channel))
    far.on('bad', fail).on('ask', (body: unknown) => body)
    for (let index = 0; index < 20; index++) near.send('bad', index)
    expect(await near.request('ask', 'well?')).toBe('well?')
    await until('all errors are told', () => diary.errors.length === 20)
    expect(diary.codes).toEqual(['handler-failed'])
    expect(diary.errors[0].message).toContain("'bad'")
    expect(diary.errors[0].cause).toEqual(new Error('broken rule'))
    expect(new Set(told)).toEqual(new Set([far]))
    expect(far.isOpen).toBe(true)
  })

  it('answers a request, when its handler throws, with a fault that gives nothing away', async () => {
    const { server, near, far } = await pair()
    const diary = new Diary(server)
    far.on('ask', () => {
      throw new Error('password is 1234')
    })
    const error = await rejection(near.request('ask', 1))
    expect(error.code).toBe('request-failed')
    expect(error.message).not.toContain('1234')
    expect(diary.codes).toEqual(['handler-failed'])
    expect(near.isOpen && far.isOpen).toBe(true)
  })

  it('warns, by the process, when a handler throws and `error` has no handler', async () => {
    const { near, far } = await pair()
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    far.on('ask', (body: unknown) => body)
    far.on('bad', () => {
      throw new Error('broken rule')
    })
    near.send('bad', 1)
    await until('the warning', () => warn.mock.calls.length > 0)
    for (let index = 0; index < 100; index++) near.send('bad', index)
    expect(await near.request('ask', 'well?')).toBe('well?')
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining("'bad'"),
      expect.objectContaining({ type: 'MillraceError', code: 'handler-failed' }),
    )
    expect(warn.mock.calls.length).toBeLessThan(50)
  })

  it('survives life events with handlers that throw', async () => {
    const server = await tcpPipe().bind()
    const client = tcpPipe(portOf(server))
    const diary = new Diary(server)
    const fail = () => {
      throw new Error('broken event')
    }
    server.on('accepted', fail).on('close', fail)
    client
      .on('connected', fail)
      .on('close', fail)
      .on('error', () => {})
    for (let round = 0; round < 5; round++) {
      const channel = await client.open()
      channel.on('close', fail)
      await channel.close()
    }
    await until('all have ended', () => diary.reasons.length === 5)
    expect(diary.codes).toEqual(['handler-failed'])
    expect(diary.isEven).toBe(true)
  })

  it('survives a handler of `error` that throws', async () => {
    const { server, near, far } = await pair()
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    server.on('error', () => {
      throw new Error('broken listener')
    })
    far
      .on('ask', (body: unknown) => body)
      .on('bad', () => {
        throw new Error('broken rule')
      })
    near.send('bad', 1)
    expect(await near.request('ask', 'well?')).toBe('well?')
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining("'error'"),
      expect.objectContaining({ code: 'handler-failed' }),
    )
  })
})

describe('sending after the end', () => {
  it.each(['close', 'destroy'] as const)('answers `closed` on both sides after %s', async (how) => {
    const { near, far } = await pair()
    const results: SendResult[] = []
    far.on('close', () => void results.push(far.send('line', 1)))
    if (how === 'close') void near.close()
    else near.destroy()
    expect(near.send('line', 1)).toBe('closed')
    await within('the end here', near.closed)
    await within('the end there', far.closed)
    expect(near.send('line', 2)).toBe('closed')
    expect(far.send('line', 2)).toBe('closed')
    expect(await near.sendWhenReady('line', 3)).toBe('closed')
    expect(await far.drained()).toBe('closed')
    expect((await rejection(far.request('line', 4))).code).toBe('channel-closed')
    expect(results).toEqual(['closed'])
  })

  it('delivers what was sent before close, and gives one reason to each side', async () => {
    const { server, near, far } = await pair()
    const diary = new Diary(server)
    const heard: number[] = []
    const told: CloseReason[] = []
    far
      .on('number', (value: number) => void heard.push(value))
      .on('close', (reason) => void told.push(reason))
    for (let value = 0; value < 1000; value++) near.send('number', value)
    void near.close('enough')
    void near.close('again')
    await within('the end', far.closed)
    expect(heard).toEqual(Array.from({ length: 1000 }, (_, value) => value))
    expect(told).toEqual([{ code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: 'enough' }])
    expect(diary.reasons).toEqual(told)
    expect(await near.closed).toMatchObject({
      code: 'closed',
      by: 'local',
      why: 'closed',
      appCode: 0,
      text: 'enough',
    })
  })

  it('gives one reason to each side when both close at the same time', async () => {
    for (let round = 0; round < 50; round++) {
      const { near, far } = await pair()
      const told: CloseReason[] = []
      near.on('close', (reason) => void told.push(reason))
      far.on('close', (reason) => void told.push(reason))
      await within('both ends', Promise.all([near.close('near'), far.close('far')]))
      expect(told).toHaveLength(2)
      for (const { code } of told) expect(code).toBe('closed')
    }
  })
})

describe('a full pipe', () => {
  it('refuses the 11th channel of 10, and takes another when one has ended', async () => {
    const server = tcpPipe().setMaxOpenChannels(10)
    const diary = new Diary(server)
    server.on('accepted', (_, channel) => channel.on('ask', (body: unknown) => body))
    await server.bind()
    const client = tcpPipe(portOf(server))
    const ten = await Promise.all(Array.from({ length: 10 }, () => client.open()))
    const error = await rejection(client.open())
    expect(error.code).toBe('channel-limit')
    expect(error.message).toContain('10 channels are open already')
    await until('the server is told', () => diary.errors.length > 0)
    expect(diary.codes).toEqual(['channel-limit'])
    for (const [index, channel] of ten.entries()) expect(await channel.request('ask', index)).toBe(index)
    await ten[3].close()
    await until('there is room', () => server.channelCount === 9)
    const another = await client.open()
    expect(await another.request('ask', 'in')).toBe('in')
    expect(server.channelCount).toBe(10)
    expect(diary.accepted).toHaveLength(11)
    expect(diary.reasons).toHaveLength(1)
  })

  it('refuses all but 10 of 50 that come at once', async () => {
    const server = tcpPipe(0, { maxOpenChannels: 10 })
    await server.bind()
    const client = tcpPipe(portOf(server))
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => client.open()))
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(failures).toHaveLength(40)
    for (const { reason } of failures) expect((reason as MillraceError).code).toBe('channel-limit')
    expect(server.channelCount).toBe(10)
    expect(client.channelCount).toBe(10)
  })

  it('keeps the limit on the opening side as well', async () => {
    const server = await tcpPipe().bind()
    const client = tcpPipe(portOf(server), { maxOpenChannels: 3 })
    const diary = new Diary(server)
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => client.open()))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason.code).toBe('channel-limit')
    }
    expect(client.channelCount).toBe(3)
    await until('the others have ended', () => server.channelCount === 3)
    expect(diary.accepted.length - diary.reasons.length).toBe(3)
  })
})
