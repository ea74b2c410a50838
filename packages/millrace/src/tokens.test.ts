import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noblePrimitives, TokenIssuer } from '@millrace/cipher'
import { generateKey, generateKeyPair, type MillraceError, type Pipe, ProtoFactory } from 'millrace'
import { afterEach, expect, it } from 'vitest'
import { until, within } from '../fixtures/until.ts'

const net = new ProtoFactory()
const identity = generateKeyPair()
const keyring = { key: generateKey(), applicationId: new Uint8Array(randomBytes(8)) }
const issuer = new TokenIssuer({ primitives: noblePrimitives, ...keyring }, randomBytes)
const path = join(tmpdir(), `tokens-${process.pid}.sock`)

const pipes: Pipe[] = []
afterEach(async () => {
  await Promise.all(pipes.splice(0).map((pipe) => pipe[Symbol.asyncDispose]()))
})

const login = (address: string, clientAddress?: string) =>
  issuer
    .issue(
      {
        userId: 'player:77',
        servers: [{ id: 'eu-1', address, publicKey: identity.publicKey }],
        userData: Uint8Array.of(7),
        clientAddress,
      },
      Date.now(),
    )
    .text()

const places = [
  ['tcp', 'tcp://127.0.0.1:0', '127.0.0.1'],
  ['udp', 'udp://127.0.0.1:0', '127.0.0.1'],
  ['ipc', `ipc://${path}`, undefined],
  ['local', 'local://tokens', undefined],
] as const

it.each(places)('a token of a login server opens one channel, over %s', async (_transport, place, from) => {
  const tokens = { ...keyring, serverId: 'eu-1' }
  const server = net.create(place as `tcp://${string}`, 'msgpack', { encryption: { identity, tokens } })
  const errors: MillraceError[] = []
  const users: unknown[] = []
  server.on('error', (_pipe, error) => void errors.push(error))
  server.on('accepted', (_pipe, { encryption }) => void users.push(encryption?.holder))
  pipes.push(server)
  await server.bind()
  const text = login(server.address!.text, from)
  const player = (token: string) => {
    const pipe = net.create(server.address!.text as `tcp://${string}`, 'msgpack', {
      encryption: { token },
      handshakeTimeoutMs: 1000,
    })
    pipes.push(pipe)
    return pipe.open()
  }
  const channel = await within('a channel', player(text))
  await until('it is accepted', () => users.length === 1)
  expect(channel.encryption?.suite).toBe('Noise_NKpsk0_25519_ChaChaPoly_SHA256')
  expect(users).toEqual([
    {
      outcome: 'accepted',
      userId: 'player:77',
      userData: Uint8Array.of(7),
      tokenId: expect.any(Uint8Array),
    },
  ])
  await expect(player(text)).rejects.toMatchObject({ code: expect.stringMatching(/failed/) })
  await expect(player(login('x', '198.51.100.1'))).rejects.toMatchObject({
    code: expect.stringMatching(/failed/),
  })
  await until('both are told', () => errors.length === 2)
  expect(errors.map(({ code, tokenRefusal }) => [code, tokenRefusal])).toEqual([
    ['encryption-failed', 'used'],
    ['encryption-failed', 'other-address'],
  ])
  expect(channel.isOpen).toBe(true)
})
