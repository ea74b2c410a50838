import { connect } from 'node:net'
import { ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../fixtures/child.ts'
import { record } from '../../fixtures/raw-peer.ts'
import { until } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []
const children: Child[] = []

/** How long the system takes to connect while others flood it is no promise of ours. */
const patience = { handshakeTimeoutMs: 20_000 }

function opener(port: number) {
  const pipe = factory.create('tcp', '127.0.0.1', port, 'msgpack', patience)
  pipes.push(pipe)
  return pipe
}

/** A server in a process of its own, and a flood of silent links from another one: each that is cut comes back at once. */
async function flooded(options: object, flood: { links: number; addresses: number }, descriptors?: number) {
  const server = Child.start(
    'server-program.ts',
    { options },
    descriptors === undefined ? {} : { descriptors },
  )
  children.push(server)
  const port = (await server.said('bound')).port as number
  const { hello } = await record(port, opener, async () => {})
  const attacker = Child.start('flood-program.ts', { port, ...flood })
  children.push(attacker)
  const made = () => Number(attacker.lines.at(-1)?.connected ?? 0)
  await until('the flood has filled all places, and goes on', () => made() > 3 * flood.links)
  return { server, port, hello, made }
}

/** So many players behind one address, at once: whether each of them hears a hello, when it says one after so many milliseconds. */
function players(port: number, hello: Buffer, helloMs: number): Promise<boolean[]> {
  const one = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      let isHeard = false
      socket.on('error', () => {})
      socket.on('connect', () => setTimeout(() => socket.writable && socket.write(hello), helloMs))
      socket.on('data', () => {
        isHeard = true
        socket.destroy()
      })
      socket.on('close', () => resolve(isHeard))
    })
  return Promise.all(Array.from({ length: 8 }, one))
}

afterEach(async () => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const child of children.splice(0)) await child.stop()
})

// Elsewhere a machine has one loopback address, and no limit of descriptors that can be read.
describe.runIf(process.platform === 'linux')('places under a flood of silent links', () => {
  it('are there for all who come, with 256 descriptors and 1,500 links of one address', async () => {
    const { server, port, made } = await flooded({}, { links: 1500, addresses: 1 }, 256)
    const before = made()
    for (let count = 0; count < 20; count++) {
      const channel = await opener(port).open()
      const answer = new Promise((resolve) => channel.on('answer', resolve))
      channel.send('ask', count)
      expect(await answer).toBe(count)
    }
    await until('the flood has gone on', () => made() > before)
    expect(server.exit).toBeUndefined()
    expect(server.stderr).toBe('')
    expect(server.lines.some(({ code }) => code === 'descriptor-limit')).toBe(true)
  })

  it.each([50, 200])(
    'are there for eight behind one address who say hello after %i ms, with 256 places and links of 256 addresses',
    async (helloMs) => {
      const { port, hello } = await flooded({ maxHandshakes: 256 }, { links: 300, addresses: 256 })
      let heard = 0
      for (let round = 0; round < 5; round++)
        heard += (await players(port, hello, helloMs)).filter(Boolean).length
      expect(heard).toBeGreaterThanOrEqual(36)
    },
  )
})
