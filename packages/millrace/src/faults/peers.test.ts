import { type CloseReason, ProtoFactory } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { Diary } from '../../fixtures/diary.ts'
import { portOf, RawPeer, record } from '../../fixtures/raw-peer.ts'
import { rejection, turns, until, within } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const children: Child[] = []
const pipes: { destroy(): void }[] = []

function start(program: string, argument: unknown): Child {
  const child = Child.start(program, argument)
  children.push(child)
  return child
}

function tcpPipe(port = 0, options = {}) {
  const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack', options)
  pipes.push(pipe)
  return pipe
}

let server = tcpPipe()
let diary = new Diary(server)

beforeEach(async () => {
  server = tcpPipe(0, { closeTimeoutMs: 300 })
  diary = new Diary(server)
  server.on('accepted', (_, channel) => channel.on('ask', (body: unknown) => body))
  await server.bind()
})

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const child of children.splice(0)) await child.stop()
})

async function expectLife(): Promise<void> {
  const channel = await tcpPipe(portOf(server)).open()
  expect(await channel.request('ask', 'still there?')).toBe('still there?')
}

async function helloBytes(): Promise<Buffer> {
  const spare = tcpPipe()
  await spare.bind()
  const recording = await record(
    portOf(spare),
    (port) => tcpPipe(port),
    async () => {},
  )
  return recording.hello
}

const cut: readonly CloseReason['code'][] = ['link-ended', 'link-failed']

describe('peers that die', () => {
  it.each([true, false])(
    'ends the channel once when a client is killed by SIGKILL (chattering: %s)',
    async (chatter) => {
      const child = start('client-program.ts', { port: portOf(server), chatter })
      await until('the client is accepted', () => diary.accepted.length === 1)
      const [channel] = diary.accepted
      const told: CloseReason[] = []
      channel.on('close', (reason) => told.push(reason))
      if (chatter) await until('it chatters', () => channel.statistics().messagesIn > 1000)
      child.kill('SIGKILL')
      await until('the channel has ended', () => diary.reasons.length > 0)
      await expectLife()
      expect(diary.closed.get(channel)).toHaveLength(1)
      expect(told).toEqual(diary.closed.get(channel))
      expect(cut).toContain(told[0].code)
      expect(channel.isOpen).toBe(false)
      expect(channel.send('line', 1)).toBe('closed')
    },
  )

  it('ends channel and requests once when the server is killed by SIGKILL', async () => {
    const child = start('server-program.ts', {})
    const { port } = await child.said('bound')
    const client = tcpPipe(port as number)
    const told = new Diary(client)
    const channel = await client.open()
    const waiting = rejection(channel.request('wait', 1, { timeoutMs: 600_000 }))
    await until('the request is sent', () => channel.statistics().queuedBytes === 0)
    child.kill('SIGKILL')
    const reason = await within('the end', channel.closed)
    expect(cut).toContain(reason.code)
    expect((await waiting).message).toContain('before the reply came')
    expect(['link-failed', 'channel-closed']).toContain((await waiting).code)
    expect(told.reasons).toEqual([reason])
    await child.ended()
    expect((await rejection(client.open())).code).toBe('connect-failed')
  })

  it('tells by the heartbeat that a stopped process is silent', async () => {
    const child = start('client-program.ts', { port: portOf(server) })
    await child.said('connected')
    await until('the client is accepted', () => diary.accepted.length === 1)
    const [channel] = diary.accepted
    channel.setHeartbeat(50, 2000)
    await until('the first pong', () => !Number.isNaN(channel.statistics().roundTripMs))
    expect(channel.isOpen).toBe(true)
    child.kill('SIGSTOP')
    const reason = await within('the end', channel.closed)
    expect(reason).toMatchObject({ code: 'heartbeat-timeout' })
    await expectLife()
    child.kill('SIGCONT')
    expect(cut).toContain((await child.said('close')).code)
    expect(await child.ended()).toEqual({ code: 0, signal: null })
    expect(diary.closed.get(channel)).toEqual([reason])
  })

  it('asks the function given to the heartbeat, and lets a peer live that wakes up again', async () => {
    const child = start('client-program.ts', { port: portOf(server) })
    await child.said('connected')
    const [channel] = diary.accepted
    let fails = 0
    channel.setHeartbeat(50, 1500, () => fails++)
    child.kill('SIGSTOP')
    await until('the heartbeat fails', () => fails > 0)
    child.kill('SIGCONT')
    channel.send('report', null)
    await child.said('report')
    expect(channel.isOpen).toBe(true)
  })
})

describe('links that break', () => {
  it('survives writing to a peer that is gone', async () => {
    const hello = await helloBytes()
    for (let round = 0; round < 20; round++) {
      const before = diary.accepted.length
      const peer = await (await RawPeer.connect(portOf(server))).greet(hello)
      await until('it is accepted', () => diary.accepted.length > before)
      const channel = diary.accepted[before]
      peer.socket.resetAndDestroy()
      let sent = 0
      while (channel.isOpen) {
        channel.send('line', 'x'.repeat(10_000))
        sent++
        await turns(1)
      }
      expect(cut).toContain(channel.reason?.code)
      expect(sent).toBeGreaterThan(0)
    }
    expect(diary.isEven).toBe(true)
    await expectLife()
  })

  it('survives a storm of 500 resets, before, during and after the hello', async () => {
    const hello = await helloBytes()
    const own = await tcpPipe(portOf(server)).open()
    for (let batch = 0; batch < 10; batch++) {
      const peers = Array.from({ length: 50 }, () => RawPeer.begin(portOf(server)))
      peers.forEach((peer, index) => {
        if (index % 4 !== 0) peer.say(hello.subarray(0, index % 4 === 1 ? 7 : hello.length))
      })
      await until('all are connected', () =>
        peers.every(({ isConnected, isClosed }) => isConnected || isClosed),
      )
      if (batch % 2 === 0) await turns(3)
      for (const { socket } of peers) socket.resetAndDestroy()
      expect(await own.request('ask', batch)).toBe(batch)
    }
    await until('all have ended', () => server.channelCount === 1 && server.statistics().handshakes === 0)
    expect(diary.reasons).toHaveLength(diary.accepted.length - 1)
    expect(diary.errors.every(({ code }) => code === 'link-failed')).toBe(true)
    expect(own.isOpen).toBe(true)
    await expectLife()
  })

  it('takes what came before a half-open end, and lets go of a peer that never ends its side', async () => {
    const hello = await helloBytes()
    const peer = await RawPeer.connect(portOf(server), 'half-open')
    await peer.greet(hello)
    await until('it is accepted', () => diary.accepted.length === 1)
    peer.socket.end()
    await until('the server ends its side', () => peer.isEnded)
    expect(diary.reasons).toEqual([{ code: 'link-ended' }])
    await within('the end of the pipe', server.close())
    expect(diary.isEven).toBe(true)
  })

  it('cuts a peer that never ends its side after an orderly close', async () => {
    const hello = await helloBytes()
    const peer = await RawPeer.connect(portOf(server), 'half-open')
    await peer.greet(hello)
    await until('it is accepted', () => diary.accepted.length === 1)
    const reason = await within('the end', diary.accepted[0].close('good night'))
    expect(reason).toMatchObject({ code: 'closed', by: 'local', text: 'good night' })
    await within('the end of the pipe', server.close())
    expect(peer.heard.includes('good night')).toBe(true)
    peer.destroy()
  })
})
