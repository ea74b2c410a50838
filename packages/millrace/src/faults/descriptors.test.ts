import { type Channel, type MillraceError, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { RawPeer } from '../../fixtures/raw-peer.ts'
import { until } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []
const peers: RawPeer[] = []
const children: Child[] = []

function opener(port: number) {
  const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack')
  pipes.push(pipe)
  return pipe
}

/** A server that may hold 64 descriptors, a client of it, and 200 strangers who want in and say nothing. */
async function crowd() {
  const child = Child.start(
    'server-program.ts',
    { options: { handshakeTimeoutMs: 600_000 } },
    { descriptors: 64 },
  )
  children.push(child)
  const port = (await child.said('bound')).port as number
  const early = await opener(port).open()
  const answers: unknown[] = []
  early.on('answer', (body: unknown) => void answers.push(body))
  const ask = async (value: number) => {
    early.send('ask', value)
    await until('the early client is answered', () => answers.includes(value) || !early.isOpen)
    expect(early.isOpen).toBe(true)
  }
  for (let index = 0; index < 200; index++) peers.push(RawPeer.begin(port))
  await until('the server cuts strangers', () => peers.filter(({ isClosed }) => isClosed).length > 100)
  return { child, port, ask }
}

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const peer of peers.splice(0)) peer.destroy()
  for (const child of children.splice(0)) await child.stop()
})

// Windows has no such limit.
describe.runIf(process.platform !== 'win32')('a server that runs out of descriptors', () => {
  it('tells `descriptor-limit`', async () => {
    const { child } = await crowd()
    const isTold = () =>
      child.lines.some(({ event, code }) => event === 'error' && code === 'descriptor-limit')
    await until('the server tells that it is out of descriptors', isTold)
  })

  it('serves those who are in, and takes new ones: strangers have half of what is left', async () => {
    const { child, port, ask } = await crowd()
    for (let value = 0; value < 50; value++) await ask(value)
    const late: Channel[] = []
    for (let count = 0; count < 5; count++) late.push(await opener(port).open())
    await ask(1000)
    expect(late.every(({ isOpen }) => isOpen)).toBe(true)
    expect(child.exit).toBeUndefined()
    expect(child.stderr).toBe('')
  })

  it('turns others away when channels have all of them, and takes new ones as soon as there is room', async () => {
    const child = Child.start('server-program.ts', {}, { descriptors: 64 })
    children.push(child)
    const port = (await child.said('bound')).port as number
    const channels: Channel[] = []
    let error: MillraceError | undefined
    while (error === undefined && channels.length < 64) {
      await opener(port)
        .open()
        .then(
          (channel) => channels.push(channel),
          (reason: MillraceError) => {
            error = reason
          },
        )
    }
    expect(['link-failed', 'connect-failed']).toContain(error?.code)
    expect(channels.length).toBeGreaterThan(20)
    expect(channels.every(({ isOpen }) => isOpen)).toBe(true)
    const isTold = () =>
      child.lines.some(({ event, code }) => event === 'error' && code === 'descriptor-limit')
    await until('the server tells that it is out of descriptors', isTold)
    await channels[0].close()
    let isIn = false
    await until('a new client is taken', () => {
      if (!isIn)
        void opener(port)
          .open()
          .then(
            () => (isIn = true),
            () => {},
          )
      return isIn
    })
    expect(child.exit).toBeUndefined()
    expect(child.stderr).toBe('')
  })
})
