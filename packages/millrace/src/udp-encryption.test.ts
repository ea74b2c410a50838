import {
  bits,
  type Channel,
  contract,
  generateKey,
  type Pipe,
  type PipeOptions,
  ProtoFactory,
  text,
} from 'millrace'
import { afterEach, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { within } from '../fixtures/until.ts'

const net = new ProtoFactory().add('chat', bits(contract({ say: { line: text(100) } })))
const key = generateKey()
const pipes: Pipe[] = []

afterEach(async () => {
  await Promise.all(pipes.splice(0).map((pipe) => pipe[Symbol.asyncDispose]()))
})

async function opened(options: PipeOptions) {
  const server = net.create('udp', '127.0.0.1', 0, 'chat', options)
  const accepted = new Promise<Channel<{ say: { line: string } }>>((resolve) => {
    server.on('accepted', (_pipe, channel) => resolve(channel))
  })
  await server.bind()
  const client = net.create('udp', '127.0.0.1', portOf(server), 'chat', options)
  pipes.push(client, server)
  return {
    channel: await within('a channel', client.open()),
    player: await within('its other end', accepted),
  }
}

it.each([
  ['in clear', {}],
  ['encrypted', { encryption: { key } }],
])(
  'setEncryption on an open channel over udp, %s, is unsupported, and changes nothing',
  async (_how, options) => {
    const { channel, player } = await opened(options)
    for (const one of [channel, player]) {
      const refused = expect.objectContaining({
        code: 'unsupported',
        message: expect.stringMatching(/its pipe/),
      })
      await expect(one.setEncryption(key)).rejects.toEqual(refused)
    }
    const heard = new Promise((resolve) => player.on('say', ({ line }) => resolve(line)))
    channel.send('say', { line: 'still here' })
    expect(await within('a message', heard)).toBe('still here')
  },
)
