/**
 * Starts a small Redis on Millrace, says how to talk to it, and talks to it. `--port N`: where; the system chooses a port if
 * none is given. `--once`: ends after that. Ctrl-C ends it in order.
 */
import { parseArgs } from 'node:util'
import { type Pipe, ProtoFactory } from 'millrace'
import { type Chat, serveChat } from './json/chat.ts'
import { json } from './json/json-codec.ts'
import { Server, storeLimits } from './redis/server.ts'
import { type RespMessages, resp } from './resp/resp.ts'
import { command, RespError, type RespReply, type RespValue, textOf } from './resp/resp-value.ts'

const net = new ProtoFactory().add('resp', resp()).add('json', json<Chat>())

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, once: { type: 'boolean' } } })
  const pipe = net.create('tcp', '127.0.0.1', Number(values.port ?? 0), 'resp', storeLimits)
  new Server().serve(pipe)
  await pipe.bind()
  const port = portOf(pipe)
  console.log(`A small Redis listens on 127.0.0.1:${port}. Talk to it, for example:`)
  console.log(`  redis-cli -p ${port} set greeting hello`)
  console.log(`  printf 'PING\\r\\nGET greeting\\r\\nQUIT\\r\\n' | nc 127.0.0.1 ${port}`)
  await showRedis(port)
  await showChat()
  if (values.once === true) return end(pipe)
  console.log('\nCtrl-C ends the server.')
  process.once('SIGINT', () => void end(pipe))
  process.once('SIGTERM', () => void end(pipe))
}

/** The same protocol opens channels too: a client of any Redis. */
async function showRedis(port: number): Promise<void> {
  console.log('\nThe same protocol as a client:')
  const pipe = net.create('tcp', '127.0.0.1', port, 'resp')
  const channel = await pipe.open()
  const lines = ['SET visits 41 EX 60', 'INCR visits', 'GET visits', 'HSET hero name Ada', 'HGETALL hero']
  for (const line of [...lines, 'HELLO 3', 'HGETALL hero', 'NONSENSE']) {
    const [name, ...args] = line.split(' ')
    const reply = await channel
      .request('command', command(name, ...args))
      .catch((error: Error) => error.message)
    if (name !== 'HELLO') console.log(`  ${line.padEnd(20)} ${show(reply)}`)
    else console.log(`  ${line.padEnd(20)} (from here on replies come in RESP 3: maps are maps)`)
  }
  await pipe.close()
  pipe.destroy()
}

/** The codec: Millrace's own frames around bodies in JSON. */
async function showChat(): Promise<void> {
  console.log('\nA chat by the protocol `json`:')
  const server = net.create('tcp', '127.0.0.1', 0, 'json')
  serveChat(server)
  await server.bind()
  const client = net.create('tcp', '127.0.0.1', portOf(server), 'json')
  const ada = await client.open()
  const bob = await client.open()
  await ada.request('join', { name: 'Ada' })
  const { members } = await bob.request('join', { name: 'Bob' })
  const heard = new Promise<void>((resolve) => {
    ada.on('said', ({ from, text }) => {
      console.log(`  Ada hears ${from} say '${text}'; there are ${members.join(' and ')}`)
      resolve()
    })
  })
  bob.send('say', { text: 'good evening' })
  await heard
  await Promise.all([client.close(), server.close()])
  client.destroy()
  server.destroy()
}

async function end(pipe: Pipe<RespMessages>): Promise<void> {
  await pipe.close('the server ends')
  pipe.destroy()
  console.log('The server has ended.')
}

function portOf(pipe: { readonly address: { readonly text: string } | undefined }): number {
  return Number(pipe.address?.text.split(':').at(-1))
}

function show(reply: RespReply): string {
  if (reply instanceof Uint8Array) return JSON.stringify(textOf(reply))
  if (reply instanceof RespError) return `(error) ${reply}`
  if (reply instanceof Map)
    return `{ ${[...reply].map(([key, value]) => `${show(key)}: ${show(value)}`).join(', ')} }`
  if (Array.isArray(reply)) return `[${(reply as RespValue[]).map(show).join(', ')}]`
  return String(reply)
}

await main()
