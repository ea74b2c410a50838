import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { Target } from '../../fuzz/record-rig.ts'
import { keyPair } from '../keys/key.ts'
import { noblePrimitives } from '../noble/noble.ts'
import { startHandshake } from '../noise/handshake-state.ts'
import { RecordOpener } from '../records/record-opener.ts'
import { RecordSealer } from '../records/record-sealer.ts'
import { type ConnectToken, parseConnectToken } from './token-connect.ts'
import { TokenIssuer } from './token-issuer.ts'
import { TokenVerifier } from './token-verifier.ts'

const suite = 'Noise_NKpsk0_25519_ChaChaPoly_SHA256'
const primitives = noblePrimitives
const random = (size: number) => new Uint8Array(randomBytes(size))
const now = 1_795_000_000_000
const server = keyPair(primitives, random)
const keyring = { primitives, key: random(32), applicationId: random(8) }
const issuer = new TokenIssuer(keyring, random)

function login(): ConnectToken {
  const servers = [{ id: 'eu-1', address: '192.0.2.7:7777', publicKey: server.publicKey }]
  return parseConnectToken(issuer.issue({ userId: 'player:77', servers }, now).text()) as ConnectToken
}

function clientOf(token: ConnectToken) {
  return startHandshake({
    suite,
    role: 'initiator',
    primitives,
    random,
    prologue: token.sealed,
    remoteStatic: token.servers[0].publicKey,
    psks: [token.psk],
  })
}

function serverOf(prologue: Uint8Array, psk: Uint8Array) {
  return startHandshake({
    suite,
    role: 'responder',
    primitives,
    random,
    prologue,
    staticKeys: server,
    psks: [psk],
  })
}

it('leads from a login to sealed records, without a question in between', () => {
  const verifier = new TokenVerifier({ ...keyring, serverId: 'eu-1' })
  const token = login()
  const client = clientOf(token)
  const first = client.write()

  const shown = verifier.verify(token.sealed, '', now)
  if (shown.outcome !== 'candidate') throw new Error(shown.outcome)
  const accepting = serverOf(token.sealed, shown.psk)
  accepting.read(first)
  expect(shown.redeem(now)).toMatchObject({ outcome: 'accepted', userId: 'player:77' })
  client.read(accepting.write())

  const there = client.split()
  const here = accepting.split()
  expect(there.handshakeHash).toEqual(here.handshakeHash)
  const target = new Target()
  const opener = new RecordOpener(here.receive)
  const sealer = new RecordSealer(there.send)
  sealer.append(Buffer.from('hello'), target, 0)
  sealer.close(target)
  opener.receive(target.take(), 'given')
  expect(Buffer.from(opener.next() ?? []).toString()).toBe('hello')
  expect(opener.next()).toBeUndefined()
  expect(opener.end()).toBe('closed')
  // The same message and token again, by an eavesdropper.
  expect(verifier.verify(token.sealed, '', now).outcome).toBe('used')
})

it('leaves a token good that an eavesdropper shows', () => {
  const verifier = new TokenVerifier({ ...keyring, serverId: 'eu-1' })
  const token = login()
  const thief = clientOf(Object.assign(login(), { sealed: token.sealed })).write()
  const shown = verifier.verify(token.sealed, '', now)
  if (shown.outcome !== 'candidate') throw new Error(shown.outcome)
  expect(() => serverOf(token.sealed, shown.psk).read(thief)).toThrow(
    expect.objectContaining({ code: 'not-authentic' }),
  )
  expect(verifier.verify(token.sealed, '', now).outcome).toBe('candidate')
  expect(verifier.usedCount).toBe(0)
})
