/** Handshakes and messages with implementations of others. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, it } from 'vitest'
import { noblePrimitives } from '../noble/noble.ts'
import { type CipherPair, type HandshakeState, startHandshake } from './handshake-state.ts'
import type { Role } from './patterns.ts'

const load = createRequire(import.meta.url)
const ROLES = ['initiator', 'responder'] as const
const NOTHING = new Uint8Array(0)

/** A foreign side: its handshake, then one direction each. */
interface Peer {
  write(payload: Uint8Array): Uint8Array
  read(message: Uint8Array): Uint8Array
  split(): {
    hash: Uint8Array
    seal(plaintext: Uint8Array): Uint8Array
    open(ciphertext: Uint8Array): Uint8Array
  }
}

/** What a peer is made of; the secrets are raw X25519 keys. */
interface PeerOptions {
  readonly pattern: string
  readonly suite: string
  readonly role: Role
  readonly secretKey: Uint8Array
  readonly remoteStatic: Uint8Array
  readonly psk: Uint8Array
  readonly prologue: Uint8Array
}

type NoiseHandshake = new (
  pattern: string,
  isInitiator: boolean,
  keys: { publicKey: Uint8Array; secretKey: Uint8Array },
  options: { psk?: Uint8Array },
) => {
  initialise(prologue: Uint8Array, remoteStatic?: Uint8Array): void
  send(payload: Uint8Array): Uint8Array
  recv(message: Uint8Array): Uint8Array
  readonly complete: boolean
  readonly hash: Uint8Array
  readonly tx: Uint8Array
  readonly rx: Uint8Array
}
type SodiumCipher = new (
  key: Uint8Array,
) => {
  encrypt(plaintext: Uint8Array): Uint8Array
  decrypt(ciphertext: Uint8Array): Uint8Array
}

const NoiseState = load('noise-handshake') as NoiseHandshake
const SodiumState = load('noise-handshake/cipher') as SodiumCipher

describe.each(['XX', 'IK', 'NN', 'NNpsk0', 'XK', 'XXpsk0'])('noise-handshake, %s', (pattern) => {
  const suite = `Noise_${pattern}_25519_ChaChaPoly_BLAKE2b`
  it.each(ROLES)('as the peer of our %s', (role) => converse(suite, pattern, role, sodiumPeer))
})

function sodiumPeer({ pattern, role, secretKey, remoteStatic, psk, prologue }: PeerOptions): Peer {
  const keys = {
    publicKey: Buffer.from(noblePrimitives.dh.pair(secretKey).publicKey),
    secretKey: Buffer.from(secretKey),
  }
  const state = new NoiseState(
    pattern,
    role === 'initiator',
    keys,
    pattern.includes('psk') ? { psk: Buffer.from(psk) } : {},
  )
  state.initialise(Buffer.from(prologue), Buffer.from(remoteStatic))
  return {
    write: (payload) => new Uint8Array(state.send(Buffer.from(payload))),
    read: (message) => new Uint8Array(state.recv(Buffer.from(message))),
    split() {
      expect(state.complete).toBe(true)
      const [sending, receiving] = [new SodiumState(state.tx), new SodiumState(state.rx)]
      return {
        hash: new Uint8Array(state.hash),
        seal: (plaintext) => new Uint8Array(sending.encrypt(Buffer.from(plaintext))),
        open: (ciphertext) => new Uint8Array(receiving.decrypt(Buffer.from(ciphertext))),
      }
    },
  }
}

interface NoiseC {
  readonly constants: Readonly<Record<string, number>>
  HandshakeState(
    suite: string,
    role: number,
  ): {
    Initialize(
      prologue: Uint8Array,
      secretKey: Uint8Array | null,
      remoteStatic: Uint8Array | null,
      psk: Uint8Array | null,
    ): void
    GetAction(): number
    WriteMessage(payload: Uint8Array): Uint8Array
    ReadMessage(message: Uint8Array, payload: true): Uint8Array
    GetHandshakeHash(): Uint8Array
    Split(): [NoiseCCipher, NoiseCCipher]
  }
}
interface NoiseCCipher {
  EncryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array
  DecryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array
}

describe('noise-c.wasm', () => {
  let noise: NoiseC
  beforeAll(async () => {
    const create = load('noise-c.wasm') as (options: object, ready: (noise: NoiseC) => void) => void
    // Given the bytes, it doesn't try to fetch them first.
    const wasmBinary = readFileSync(load.resolve('noise-c.wasm').replace(/index\.js$/, 'noise-c.wasm'))
    noise = await new Promise((resolve) => create({ wasmBinary }, resolve))
  })
  const suites = ['XX', 'IK', 'NK', 'NN', 'XK', 'KK', 'IX'].flatMap((pattern) =>
    ['ChaChaPoly', 'AESGCM'].flatMap((aead) =>
      ['SHA256', 'BLAKE2s', 'BLAKE2b'].map(
        (hash) => [pattern, `Noise_${pattern}_25519_${aead}_${hash}`] as const,
      ),
    ),
  )
  describe.each(suites)('%s, %s', (pattern, suite) => {
    it.each(ROLES)('as the peer of our %s', (role) => {
      converse(suite, pattern, role, (options) => noiseCPeer(noise, options))
    })
  })
})

function noiseCPeer(noise: NoiseC, { suite, role, secretKey, remoteStatic, prologue }: PeerOptions): Peer {
  const side =
    role === 'initiator' ? noise.constants.NOISE_ROLE_INITIATOR : noise.constants.NOISE_ROLE_RESPONDER
  const state = noise.HandshakeState(suite, side!)
  state.Initialize(prologue, secretKey, remoteStatic, null)
  return {
    write: (payload) => state.WriteMessage(payload),
    read: (message) => state.ReadMessage(message, true),
    split() {
      expect(state.GetAction()).toBe(noise.constants.NOISE_ACTION_SPLIT)
      const hash = state.GetHandshakeHash().slice()
      const [sending, receiving] = state.Split()
      return {
        hash,
        seal: (plaintext) => sending.EncryptWithAd(NOTHING, plaintext),
        open: (ciphertext) => receiving.DecryptWithAd(NOTHING, ciphertext),
      }
    },
  }
}

/** A whole conversation of our `role` with a peer of the other one, payloads in every message. */
function converse(
  suite: string,
  pattern: string,
  role: Role,
  makePeer: (options: PeerOptions) => Peer,
): void {
  const [ours, theirs] = [noblePrimitives.dh.pair(randomBytes(32)), noblePrimitives.dh.pair(randomBytes(32))]
  const [prologue, psk] = [new Uint8Array([1, 2, 3]), new Uint8Array(randomBytes(32))]
  const [initiates, responds] = [pattern[0], pattern[1]]
  const handshake = startHandshake({
    suite: suite as string,
    role,
    primitives: noblePrimitives,
    random: (size) => new Uint8Array(randomBytes(size)),
    prologue,
    staticKeys: (role === 'initiator' ? initiates : responds) === 'N' ? undefined : ours,
    remoteStatic: (role === 'initiator' ? responds : initiates) === 'K' ? theirs.publicKey : undefined,
    psks: pattern.includes('psk') ? [psk] : undefined,
  })
  const other = role === 'initiator' ? 'responder' : 'initiator'
  const peer = makePeer({
    pattern,
    suite,
    role: other,
    secretKey: theirs.secretKey,
    remoteStatic: ours.publicKey,
    psk,
    prologue,
  })
  shakeHands(handshake, peer)
  const pair = handshake.split()
  if ((role === 'initiator' ? responds : initiates) === 'N') expect(pair.remoteStatic).toBeUndefined()
  else expect(pair.remoteStatic).toEqual(theirs.publicKey)
  exchange(pair, peer)
}

function shakeHands(handshake: HandshakeState, peer: Peer): void {
  for (let round = 0; handshake.turn === 'write' || handshake.turn === 'read'; round++) {
    const payload = new Uint8Array(randomBytes(round * 10))
    if (handshake.turn === 'write') expect(peer.read(handshake.write(payload))).toEqual(payload)
    else expect(handshake.read(peer.write(payload))).toEqual(payload)
  }
}

function exchange({ send, receive, handshakeHash }: CipherPair, peer: Peer): void {
  const { hash, seal, open } = peer.split()
  expect(hash).toEqual(handshakeHash)
  for (const size of [0, 1, 16, 100, 65_519]) {
    const plaintext = new Uint8Array(randomBytes(size))
    const sealed = new Uint8Array(size + 16)
    send.seal(NOTHING, plaintext, sealed)
    expect(open(sealed)).toEqual(plaintext)
    const opened = new Uint8Array(size)
    expect(receive.open(NOTHING, new Uint8Array(seal(plaintext)), opened)).toBe(true)
    expect(opened).toEqual(plaintext)
  }
}
