import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AnyMessages, type Channel, type PipeOptions, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../../fixtures/raw-peer.ts'
import { until, within } from '../../fixtures/until.ts'

const factory = new ProtoFactory()
const pipes: { destroy(): void }[] = []
const folders: string[] = []

/** Both ends of a channel over real sockets, in one process. */
async function ends(transport: 'tcp' | 'ipc', options: PipeOptions = {}): Promise<Channel<AnyMessages>[]> {
  let opener: ReturnType<typeof pipe>
  let server: ReturnType<typeof pipe>
  function pipe(where: string, port?: number) {
    const made =
      port === undefined
        ? factory.create('ipc', where, 'msgpack', options)
        : factory.create('tcp', where, port, 'msgpack', options)
    pipes.push(made)
    return made
  }
  if (transport === 'tcp') {
    server = await pipe('127.0.0.1', 0).bind()
    opener = pipe('127.0.0.1', portOf(server))
  } else {
    const folder = mkdtempSync(join(tmpdir(), 'held-'))
    folders.push(folder)
    const where = join(folder, 'socket')
    server = await pipe(where).bind()
    opener = pipe(where)
  }
  const accepted = new Promise<Channel<AnyMessages>>((resolve) =>
    server.on('accepted', (_, channel) => resolve(channel)),
  )
  return [await opener.open(), await accepted]
}

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe.each(['tcp', 'ipc'] as const)('over %s', (transport) => {
  it('two sides that ask each other for much both get it', async () => {
    const sides = await ends(transport)
    const data = new Uint8Array(262_144)
    for (const side of sides) side.on('get', (n) => ({ n, data }))
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    const asked = sides.flatMap((side) => numbers.map((n) => side.request('get', n)))
    const replies = await within('26 MB each way', Promise.all(asked))
    expect(replies.map((reply) => (reply as { n: number }).n)).toEqual([...numbers, ...numbers])
    expect(sides.map((side) => side.isOpen)).toEqual([true, true])
  })

  it('a reader that is behind lives for its peer, and gets replies', async () => {
    const [reader, writer] = await ends(transport, { iteratorQueueMax: 10 })
    const iterator = reader[Symbol.asyncIterator]()
    writer.on('double', (n) => (n as number) * 2)
    writer.setHeartbeat(10, 200)
    for (let n = 0; n < 3000; n++) writer.send('n', n)
    await until('the writer asked and was answered', () => writer.statistics().roundTripMs >= 0)
    expect(reader.statistics().messagesIn).toBeLessThan(3000)
    for (let n = 0; n < 3000; n++) {
      const { value } = await within('a message', iterator.next())
      expect(value.body).toBe(n)
      expect(await within('a reply', reader.request('double', n))).toBe(2 * n)
    }
    expect([reader.isOpen, writer.isOpen]).toEqual([true, true])
  })
})
