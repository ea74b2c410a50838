import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { type CloseReason, type Pipe, ProtoFactory } from 'millrace'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Chat, serveChat } from './chat.ts'
import { json } from './json-codec.ts'

let server: Pipe<Chat>
let client: Pipe<Chat>
let port: number

beforeEach(async () => {
  const net = new ProtoFactory().add('json', json<Chat>())
  server = net.create('tcp', '127.0.0.1', 0, 'json')
  serveChat(server)
  await server.bind()
  port = Number(server.address?.text.split(':').at(-1))
  client = net.create('tcp', '127.0.0.1', port, 'json')
})

afterEach(() => {
  client.destroy()
  server.destroy()
})

it('lets members talk', async () => {
  const ada = await client.open()
  const bob = await client.open()
  const heard: string[] = []
  for (const [name, channel] of Object.entries({ ada, bob })) {
    channel.on('said', ({ from, text }) => heard.push(`${name} hears ${from}: ${text}`))
  }
  expect(await ada.request('join', { name: 'Ada' })).toEqual({ members: ['Ada'] })
  bob.send('say', { text: 'nobody hears a stranger' })
  expect(await bob.request('join', { name: 'Bob' })).toEqual({ members: ['Ada', 'Bob'] })
  bob.send('say', { text: 'grüße ✓' })
  await expect.poll(() => heard.sort()).toEqual(['ada hears Bob: grüße ✓', 'bob hears Bob: grüße ✓'])
  await bob.close()
  await expect.poll(() => server.channelCount).toBe(1)
  ada.send('say', { text: 'alone' })
  await expect.poll(() => heard.length).toBe(3)
})

it('ends a channel when its peer sends no JSON, and no other', async () => {
  const reasons: CloseReason[] = []
  server.on('close', (_, __, reason) => reasons.push(reason))
  const good = await client.open()
  await good.request('join', { name: 'Ada' })
  // The bytes of an honest client, with one of its bodies broken on the way.
  const relay = createServer((incoming) => {
    const outgoing = createConnection(port, '127.0.0.1')
    incoming.on('data', (chunk) =>
      outgoing.write(chunk.toString('latin1').replace('{"name"', '{?name"'), 'latin1'),
    )
    outgoing.on('data', (chunk) => incoming.write(chunk))
    outgoing.on('close', () => incoming.destroy())
    incoming.on('error', () => {})
  })
  await once(relay.listen(0, '127.0.0.1'), 'listening')
  const address = relay.address() as { port: number }
  const net = new ProtoFactory().add('json', json<Chat>())
  const broken = net.create('tcp', '127.0.0.1', address.port, 'json')
  const channel = await broken.open()
  await expect(channel.request('join', { name: 'Eve' })).rejects.toThrow()
  expect(reasons).toEqual([
    { code: 'protocol-violation', what: "message 'join' cannot be read: it is no JSON in UTF-8" },
  ])
  expect(await good.request('join', { name: 'Ada' })).toEqual({ members: ['Ada'] })
  broken.destroy()
  relay.close()
})
