import { type Codec, framed, KeyTable, type MillraceError, ProtoFactory, undecodable } from '@millrace/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Local, local } from './local.ts'
import { nodePlatform } from './node-platform.ts'

type Lobby = { chat: { line: string }; ask: { deep: { list: number[] } } }

/** Local pipes pass objects: a codec that can't encode shows that none is asked to. */
const blind: Codec<Lobby> = {
  name: 'blind',
  keys: KeyTable.closed(['chat', 'ask']),
  fixedSize: () => -1,
  sizeBound: () => {
    throw new Error('nothing is encoded here')
  },
  encode: () => {
    throw new Error('nothing is encoded here')
  },
  decode: () => undecodable,
  decodeError: () => 'nothing is decoded here',
  replyNumber: (number) => number,
}

const factory = new ProtoFactory({ platform: nodePlatform })
  .add('local', local())
  .add('lobby', framed(blind))
  .add('other', framed(blind))
const pipes: { destroy(): void }[] = []

function localPipe(place = 'hall', protocol: 'lobby' | 'other' = 'lobby') {
  const pipe = factory.create('local', place, protocol)
  pipes.push(pipe)
  return pipe
}

const errorOf = (promise: Promise<unknown>): Promise<MillraceError> =>
  promise.then(
    () => {
      throw new Error('expected a rejection')
    },
    (error: MillraceError) => error,
  )

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

describe('local', () => {
  it.each([[''], [7], [undefined]])('refuses %j as a name', (place) => {
    const parse = () => local().address('local', [place as string])
    expect(parse).toThrow(expect.objectContaining({ code: 'address-invalid' }))
    expect(parse).toThrow(/name, such as 'lobby'/)
  })

  it('passes the objects themselves, and encodes nothing', async () => {
    const server = localPipe()
    const body = { line: 'hello' }
    const heard = new Promise((resolve) => {
      server.on('accepted', (_, channel) => void channel.on('chat', resolve))
    })
    await server.bind()
    const channel = await localPipe().open()
    expect(channel.send('chat', body)).toBe('queued')
    expect(await heard).toBe(body)
  })

  it('has no settings, and says what it is', async () => {
    const pipe = localPipe()
    expect(pipe.getProto().as(Local)).toBeInstanceOf(Local)
    expect(pipe.address?.text).toBe('local://hall')
  })

  it('tells that a name is taken, and that it is free again', async () => {
    const first = await localPipe().bind()
    const error = await errorOf(localPipe().bind())
    expect(error.code).toBe('address-in-use')
    expect(error.message).toContain('local://hall')
    await first.close()
    await localPipe().bind()
  })

  it('tells that nobody is bound there', async () => {
    const error = await errorOf(localPipe('nowhere').open())
    expect(error.code).toBe('connect-failed')
    expect(error.message).toContain('local://nowhere')
    expect(error.message).toContain('bind one first')
  })

  it('tells that the pipe there speaks another protocol', async () => {
    await localPipe('hall', 'other').bind()
    const error = await errorOf(localPipe('hall', 'lobby').open())
    expect(error.code).toBe('protocol-mismatch')
    expect(error.message).toMatch(/'other'.*'lobby'/)
  })

  it('keeps the limit of open channels', async () => {
    const server = await localPipe().bind()
    server.setMaxOpenChannels(2)
    const client = localPipe()
    const open = [await client.open(), await client.open()]
    expect((await errorOf(client.open())).code).toBe('channel-limit')
    await open[0].close()
    expect((await client.open()).isOpen).toBe(true)
    expect(server.channelCount).toBe(2)
  })

  it('answers `closed` to whoever sends after the end, on both sides', async () => {
    const server = localPipe()
    const reasons: unknown[] = []
    server.on('close', (_, channel, reason) => reasons.push(reason, channel.send('chat', { line: '' })))
    await server.bind()
    const channel = await localPipe().open()
    await channel.close('enough')
    expect(channel.send('chat', { line: '' })).toBe('closed')
    expect(await channel.closed).toMatchObject({
      code: 'closed',
      by: 'local',
      why: 'closed',
      appCode: 0,
      text: 'enough',
    })
    await server.close()
    expect(reasons).toEqual([
      { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: 'enough' },
      'closed',
    ])
  })

  it('ends the channels of a pipe that is destroyed', async () => {
    const server = await localPipe().bind()
    const channel = await localPipe().open()
    server.destroy()
    expect(['destroyed', 'link-ended', 'closed']).toContain((await channel.closed).code)
    expect((await errorOf(localPipe().open())).code).toBe('connect-failed')
  })
})
