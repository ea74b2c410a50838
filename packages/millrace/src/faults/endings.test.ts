import { type PipeOptions, ProtoFactory } from 'millrace'
import { KeyTable } from 'millrace/extend'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { Diary } from '../../fixtures/diary.ts'
import { listen, portOf, RawPeer, stop } from '../../fixtures/raw-peer.ts'
import { rejection, turns, until, within } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []
const peers: RawPeer[] = []
const children: Child[] = []

function tcpPipe(port = 0, options: PipeOptions = {}) {
  const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack', options)
  pipes.push(pipe)
  return pipe
}

function start(program: string, argument: unknown = {}): Child {
  const child = Child.start(program, argument)
  children.push(child)
  return child
}

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const peer of peers.splice(0)) peer.destroy()
  for (const child of children.splice(0)) await child.stop()
})

describe('processes', () => {
  it.each([
    ['close', 'all pipes were closed'],
    ['destroy', 'all pipes were destroyed'],
    ['using', '`await using` left its block'],
    ['refused', 'a connection was refused'],
    ['aborted', 'a pipe was destroyed while it opened a channel'],
    ['bare', 'nothing was ever opened'],
  ])('exit by themselves: %s (%s)', async (way) => {
    const child = start('exit-program.ts', { way })
    expect(await child.ended()).toEqual({ code: 0, signal: null })
    expect(child.count('done')).toBe(1)
    expect(child.count('failed')).toBe(way === 'refused' || way === 'aborted' ? 1 : 0)
    expect(child.stderr).toBe('')
  })

  it('stay alive while a channel is open, however idle', async () => {
    const server = tcpPipe()
    const diary = new Diary(server)
    await server.bind()
    const child = start('client-program.ts', { port: portOf(server) })
    await child.said('connected')
    // Longer than every deadline that could have kept it alive until now: the handshake's is two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(child.exit).toBeUndefined()
    const [channel] = diary.accepted
    const answers: unknown[] = []
    channel.on('answer', (body: unknown) => void answers.push(body))
    channel.send('ask', 'awake?')
    await until('it answers', () => answers.length > 0)
    await channel.close()
    expect(await child.ended()).toEqual({ code: 0, signal: null })
  }, 60_000)

  it('hold the same things, whether they import Millrace or require it', async () => {
    const child = start('doors-program.ts')
    expect(await child.said('compared')).toEqual({
      event: 'compared',
      factory: true,
      factoryClass: true,
      errorClass: true,
      knows: true,
      names: [],
      strangers: false,
    })
    expect(await child.ended()).toEqual({ code: 0, signal: null })
  })
})

describe('factories', () => {
  it('know nothing of each other', async () => {
    const one = new ProtoFactory()
    const other = new ProtoFactory()
    one.add('mine', { kind: 'protocol', label: 'mine', keys: KeyTable.open() })
    expect(one.has('mine')).toBe(true)
    expect(other.has('mine')).toBe(false)
    const bound = one.create('local', 'lobby', 'msgpack')
    await bound.bind()
    expect((await rejection(other.create('local', 'lobby', 'msgpack').open())).code).toBe('connect-failed')
    bound.destroy()
  })
})

describe('pipes that end', () => {
  it('close while handshakes are pending, on the accepting side', async () => {
    const server = tcpPipe(0, { handshakeTimeoutMs: 600_000, closeTimeoutMs: 200 })
    const diary = new Diary(server)
    await server.bind()
    for (let index = 0; index < 5; index++) peers.push(await RawPeer.connect(portOf(server), 'half-open'))
    await until('all say hello', () => server.statistics().handshakes === 5)
    await within('the end of the pipe', server.close())
    await until('all are cut', () => peers.every(({ isEnded, isClosed }) => isEnded || isClosed))
    expect(server.statistics().handshakes).toBe(0)
    expect(diary.accepted).toEqual([])
    await server.bind()
  })

  it('close while an open waits for the hello', async () => {
    const silent = await listen((socket) => socket.resume())
    const client = tcpPipe(portOf(silent), { handshakeTimeoutMs: 600_000, closeTimeoutMs: 100 })
    const opening = rejection(client.open())
    await until('the hello is said', () => client.statistics().handshakes === 1)
    await within('the end of the pipe', client.close())
    expect((await opening).code).toBe('channel-closed')
    await stop(silent)
  })

  it('close while an open connects: it ends with an error, and no channel comes late', async () => {
    const server = await tcpPipe().bind()
    const client = tcpPipe(portOf(server))
    const opening = client.open().then(
      () => 'opened',
      ({ code }) => code,
    )
    await within('the end of the pipe', client.close())
    expect(await within('the outcome', opening)).toBe('channel-closed')
    await turns(20)
    expect(client.channelCount).toBe(0)
    await until('the server has no channel either', () => server.channelCount === 0)
  })

  it('are destroyed while an open connects: the link is cut', async () => {
    const links = new Set<unknown>()
    const silent = await listen((socket) => {
      links.add(socket)
      socket.resume()
      socket.on('end', () => links.delete(socket))
      socket.on('close', () => links.delete(socket))
    })
    const client = tcpPipe(portOf(silent))
    const diary = new Diary(client)
    const opening = rejection(client.open())
    client.destroy()
    expect(['channel-closed', 'not-bound']).toContain((await opening).code)
    await until('the pipe tells that it is gone', () => diary.destroyed === 1)
    await turns(20)
    await until('no link is left', () => links.size === 0)
    await stop(silent)
  })

  it('are destroyed in the middle of a transfer: each side is told once', async () => {
    const server = tcpPipe()
    const diary = new Diary(server)
    await server.bind()
    const client = tcpPipe(portOf(server))
    const told = new Diary(client)
    const channel = await client.open()
    let heard = 0
    channel.on('line', () => void heard++)
    await until('it is accepted', () => diary.accepted.length === 1)
    while (heard < 10) {
      diary.accepted[0].send('line', 'x'.repeat(100_000))
      await turns(1)
    }
    for (let index = 0; index < 5; index++) diary.accepted[0].send('line', 'x'.repeat(100_000))
    server.destroy()
    const reason = await within('the end', channel.closed)
    expect(['link-ended', 'link-failed']).toContain(reason.code)
    await until('the pipe tells that it is gone', () => diary.destroyed === 1)
    expect(diary.reasons).toEqual([{ code: 'destroyed' }])
    expect(told.reasons).toEqual([reason])
    expect((await rejection(server.bind())).code).toBe('not-bound')
    expect((await rejection(client.open())).code).toBe('connect-failed')
  })

  it('deliver a long transfer whole when they are closed in the middle of it', async () => {
    const server = tcpPipe(0, { closeTimeoutMs: 60_000 })
    const diary = new Diary(server)
    await server.bind()
    const channel = await tcpPipe(portOf(server)).open()
    const heard: number[] = []
    channel.on('part', ({ value }: { value: number }) => void heard.push(value))
    await until('it is accepted', () => diary.accepted.length === 1)
    let sent = 0
    while (diary.accepted[0].send('part', { value: sent, filling: 'x'.repeat(50_000) }) === 'queued') sent++
    expect(sent).toBeGreaterThan(15)
    await within('the end of the pipe', server.close('enough'))
    expect(await channel.closed).toMatchObject({ code: 'closed', by: 'remote', text: 'enough' })
    expect(heard).toEqual(Array.from({ length: sent }, (_, value) => value))
  })
})
