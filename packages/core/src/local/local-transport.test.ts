import { Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { KeyTable } from '../base/key-table.ts'
import type { Codec } from '../ports/codec.ts'
import { undecodable } from '../ports/codec.ts'
import { framed } from '../session/framed.ts'
import { local } from './local.ts'

type Lobby = { chat: { line: string } }

const unused = (): never => {
  throw new Error('nothing is encoded here')
}

/** Local pipes pass objects: a codec that can't encode shows that none is asked to. */
const blind: Codec<Lobby> = {
  name: 'blind',
  keys: KeyTable.closed(['chat']),
  fixedSize: () => -1,
  sizeBound: unused,
  encode: unused,
  decode: () => undecodable,
  decodeError: () => 'nothing is decoded here',
  replyNumber: (number) => number,
}

const lobby = () => new Rig<Lobby>({ protocol: framed(blind) })

describe('the transport local', () => {
  it.each([[''], [7], [undefined]])('refuses %j as a name', (place) => {
    const parse = () => local().address('local', { place: place as string })
    expect(parse).toThrow(expect.objectContaining({ code: 'address-invalid' }))
    expect(parse).toThrow(/name, such as 'lobby'/)
  })

  it('passes the objects themselves, and encodes nothing', async () => {
    const rig = lobby()
    const server = rig.local('hall')
    expect(server.address?.text).toBe('here://hall')
    const body = { line: 'hello' }
    const heard = new Promise((resolve) => {
      server.on('accepted', (_, channel) => void channel.on('chat', resolve))
    })
    await rig.until(server.bind())
    const channel = await rig.until(rig.local('hall').open())
    expect(channel.send('chat', body)).toBe('queued')
    expect(await rig.until(heard)).toBe(body)
    await rig.end()
  })

  it('tells that a name is taken, and that it is free again', async () => {
    const rig = lobby()
    const first = rig.local('hall')
    await rig.until(first.bind())
    expect(await rig.failureOf(rig.local('hall').bind())).toMatchObject({
      code: 'address-in-use',
      message: expect.stringContaining('here://hall'),
    })
    await rig.until(first.close())
    await rig.until(rig.local('hall').bind())
    await rig.end()
  })

  it('tells that no pipe is bound there', async () => {
    const rig = lobby()
    expect(await rig.failureOf(rig.local('nowhere').open())).toMatchObject({
      code: 'connect-failed',
      message: expect.stringMatching(/here:\/\/nowhere; bind one first/),
    })
    await rig.end()
  })

  it('tells that the pipe there speaks another protocol', async () => {
    const rig = lobby()
    const other = rig.factory.add('other', framed(blind)).create('here', 'hall', 'other')
    await rig.until(other.bind())
    expect(await rig.failureOf(rig.local('hall').open())).toMatchObject({
      code: 'protocol-mismatch',
      message: expect.stringMatching(/'other'.*'test'/),
    })
    await rig.until(other.close())
    await rig.end()
  })

  it('keeps the limit of open channels', async () => {
    const rig = lobby()
    const server = rig.local('hall')
    await rig.until(server.bind())
    server.setMaxOpenChannels(2)
    const client = rig.local('hall')
    const open = [await rig.until(client.open()), await rig.until(client.open())]
    expect(await rig.failureOf(client.open())).toMatchObject({ code: 'channel-limit' })
    await rig.until(open[0].close())
    expect((await rig.until(client.open())).isOpen).toBe(true)
    expect(server.channelCount).toBe(2)
    await rig.end()
  })

  it('returns `closed` to what is sent after the end, on both sides', async () => {
    const rig = lobby()
    const server = rig.local('hall')
    const reasons: unknown[] = []
    server.on('close', (_, channel, reason) => reasons.push(reason, channel.send('chat', { line: '' })))
    await rig.until(server.bind())
    const channel = await rig.until(rig.local('hall').open())
    await rig.until(channel.close('enough'))
    expect(channel.send('chat', { line: '' })).toBe('closed')
    expect(channel.reason).toEqual({ code: 'closed', by: 'local', why: 'closed', appCode: 0, text: 'enough' })
    await rig.until(server.close())
    expect(reasons).toEqual([
      { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: 'enough' },
      'closed',
    ])
    await rig.end()
  })

  it('ends the channels of a pipe that is destroyed', async () => {
    const rig = lobby()
    const server = rig.local('hall')
    await rig.until(server.bind())
    const channel = await rig.until(rig.local('hall').open())
    server.destroy()
    expect(await rig.until(channel.closed)).toMatchObject({ code: 'link-ended' })
    expect(await rig.failureOf(rig.local('hall').open())).toMatchObject({ code: 'connect-failed' })
    await rig.end()
  })
})
