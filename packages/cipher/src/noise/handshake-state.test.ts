import { describe, expect, it } from 'vitest'
import { copyOf } from '../base/copy.ts'
import { CipherError, type CipherErrorCode } from '../base/errors.ts'
import type { DhSecret, KeyPair, Primitives } from '../base/primitives.ts'
import { staticSecret } from '../keys/key.ts'
import { noblePrimitives as primitives } from '../noble/noble.ts'
import type { HandshakeOptions } from './handshake-options.ts'
import { HandshakeState, startHandshake } from './handshake-state.ts'
import type { Role } from './patterns.ts'

const XX = 'Noise_XX_25519_ChaChaPoly_SHA256'
const IK = 'Noise_IK_25519_ChaChaPoly_SHA256'
const NN = 'Noise_NN_25519_ChaChaPoly_SHA256'
const NNpsk0 = 'Noise_NNpsk0_25519_ChaChaPoly_SHA256'

let seed = 1
/** Not random at all, but never the same twice in one run. */
function random(size: number): Uint8Array {
  seed++
  return Uint8Array.from({ length: size }, (_, index) => (seed * 31 + index * 7 + (seed >> 8) * 13) & 0xff)
}
const alice = primitives.dh.pair(random(32))
const zeros = new Uint8Array(32)

/** Spreading a pair would leave its secret behind. */
function bothOf({ publicKey, secretKey }: KeyPair): KeyPair {
  return { publicKey, secretKey }
}

const bob = primitives.dh.pair(random(32))
const text = (line: string) => new TextEncoder().encode(line)
const code = (code: CipherErrorCode) => expect.objectContaining({ name: 'CipherError', code })

function loose(role: Role, more: Partial<HandshakeOptions> = {}): HandshakeState {
  return new HandshakeState({ suite: NN, role, primitives, random, ...more })
}

function xx(): { initiator: HandshakeState; responder: HandshakeState } {
  return {
    initiator: startHandshake({ suite: XX, role: 'initiator', primitives, random, staticKeys: alice }),
    responder: startHandshake({ suite: XX, role: 'responder', primitives, random, staticKeys: bob }),
  }
}

function complete(initiator: HandshakeState, responder: HandshakeState): void {
  let [from, to] = [initiator, responder]
  while (from.turn === 'write') {
    to.read(from.write())
    ;[from, to] = [to, from]
  }
}

describe('the turns', () => {
  it('go write, read, split for one side and read, write, split for the other', () => {
    const { initiator, responder } = xx()
    const turns: string[] = []
    const note = () => turns.push(`${initiator.turn}/${responder.turn}`)
    note()
    const first = initiator.write()
    note()
    responder.read(first)
    note()
    initiator.read(responder.write())
    note()
    responder.read(initiator.write())
    note()
    initiator.split()
    responder.split()
    note()
    expect(turns).toEqual(['write/read', 'read/read', 'read/write', 'write/read', 'split/split', 'used/used'])
  })

  it.each([
    ['the responder writes first', () => xx().responder.write(), 'read'],
    ['the initiator reads first', () => xx().initiator.read(new Uint8Array(32)), 'write'],
    ['split before the end', () => xx().initiator.split(), 'write'],
    [
      'two writes in a row',
      () => {
        const { initiator } = xx()
        initiator.write()
        initiator.write()
      },
      'read',
    ],
  ] as const)('%s: an error that names the right call', (_, wrong, right) => {
    expect(wrong).toThrow(code('turn'))
    expect(wrong).toThrow(`must ${right}()`)
  })

  it('a handshake that was split gives nothing more', () => {
    const { initiator, responder } = xx()
    complete(initiator, responder)
    initiator.split()
    expect(() => initiator.split()).toThrow(code('used'))
    expect(() => initiator.write()).toThrow(code('used'))
    expect(() => initiator.read(new Uint8Array(48))).toThrow(code('used'))
    initiator.abandon()
    expect(initiator.turn).toBe('used')
  })

  it('any error ends the machine for ever', () => {
    const { initiator, responder } = xx()
    responder.read(initiator.write())
    const right = responder.write()
    const forged = right.slice()
    forged[40]! ^= 1
    expect(() => initiator.read(forged)).toThrow(code('not-authentic'))
    expect(initiator.turn).toBe('failed')
    expect(initiator.remoteStatic).toBeUndefined()
    expect(() => initiator.read(right)).toThrow(code('failed'))
    expect(() => initiator.write()).toThrow(code('failed'))
    expect(() => initiator.split()).toThrow(code('failed'))
  })

  it('an error of the random source ends it too', () => {
    const broken = loose('initiator', {
      random: () => {
        throw new Error('no entropy')
      },
    })
    expect(() => broken.write()).toThrow('no entropy')
    expect(broken.turn).toBe('failed')
    expect(() => loose('initiator', { random: () => new Uint8Array(31) }).write()).toThrow(code('size'))
  })

  it('abandon ends it', () => {
    const { initiator } = xx()
    initiator.abandon()
    expect(() => initiator.write()).toThrow(code('failed'))
  })
})

describe('the keys', () => {
  it.each([
    ['a static key is missing', { suite: XX }, 'missing', 'staticKeys'],
    ['a static key is too many', { staticKeys: alice }, 'unexpected', 'staticKeys'],
    ['the remote key is missing', { suite: IK, staticKeys: alice }, 'missing', 'remoteStatic'],
    ['the remote key is too many', { remoteStatic: bob.publicKey }, 'unexpected', 'remoteStatic'],
    ['the pre-shared key is missing', { suite: NNpsk0 }, 'missing', 'psks'],
    ['a pre-shared key is too many', { psks: [random(32)] }, 'unexpected', 'psks'],
    ['two for one', { suite: NNpsk0, psks: [random(32), random(32)] }, 'unexpected', 'psks'],
    ['a short pre-shared key', { suite: NNpsk0, psks: [random(16)] }, 'size', 'psks[0]'],
    [
      'a short remote key',
      { suite: IK, staticKeys: alice, remoteStatic: random(31) },
      'size',
      'remoteStatic',
    ],
    [
      'a short secret key',
      { suite: XX, staticKeys: { ...bothOf(alice), secretKey: random(31) } },
      'size',
      'secretKey',
    ],
    [
      'a long public key',
      { suite: XX, staticKeys: { ...bothOf(alice), publicKey: random(33) } },
      'size',
      'publicKey',
    ],
    [
      'a remote key of zeros',
      { suite: IK, staticKeys: alice, remoteStatic: zeros },
      'option',
      'remoteStatic',
    ],
    ['a pre-shared key of zeros', { suite: NNpsk0, psks: [zeros] }, 'option', 'psks[0]'],
    [
      'a secret key of zeros',
      { suite: XX, staticKeys: { ...bothOf(alice), secretKey: zeros } },
      'option',
      'secretKey',
    ],
    [
      'a public key of zeros',
      { suite: XX, staticKeys: { ...bothOf(alice), publicKey: zeros } },
      'option',
      'publicKey',
    ],
    [
      'halves of two pairs',
      { suite: XX, staticKeys: { ...bothOf(alice), publicKey: bob.publicKey } },
      'option',
      'is not of',
    ],
    [
      'text for a pre-shared key',
      { suite: NNpsk0, psks: ['x'.repeat(32) as never] },
      'unexpected',
      'psks[0]',
    ],
  ] as const)('%s', (_, more, error, name) => {
    expect(() => loose('initiator', more)).toThrow(code(error))
    expect(() => loose('initiator', more)).toThrow(name)
  })

  it('are known to the compiler for a literal suite', () => {
    const common = { primitives, random } as const
    startHandshake({ ...common, suite: NN, role: 'initiator' })
    startHandshake({ ...common, suite: NNpsk0, role: 'responder', psks: [random(32)] })
    startHandshake({
      ...common,
      suite: IK,
      role: 'initiator',
      staticKeys: alice,
      remoteStatic: bob.publicKey,
    })
    startHandshake({ ...common, suite: 'Noise_NK_25519_AESGCM_BLAKE2s', role: 'responder', staticKeys: bob })
    startHandshake({
      ...common,
      suite: 'Noise_N_25519_AESGCM_BLAKE2b',
      role: 'initiator',
      remoteStatic: bob.publicKey,
    })
    const refused = [
      // @ts-expect-error the static key is missing
      () => startHandshake({ ...common, suite: XX, role: 'initiator' }),
      () =>
        startHandshake({
          ...common,
          suite: IK,
          role: 'responder',
          staticKeys: bob,
          // @ts-expect-error the responder of IK learns the initiator's key from the message
          remoteStatic: alice.publicKey,
        }),
      // @ts-expect-error the pre-shared key is missing
      () => startHandshake({ ...common, suite: NNpsk0, role: 'responder' }),
      // @ts-expect-error there is no such hash
      () => startHandshake({ ...common, suite: 'Noise_NN_25519_ChaChaPoly_MD5', role: 'responder' }),
      // @ts-expect-error there is no such pattern
      () => startHandshake({ ...common, suite: 'Noise_NNpsk5_25519_ChaChaPoly_SHA256', role: 'responder' }),
    ]
    for (const call of refused) expect(call).toThrow(CipherError)
  })

  it('the directions of a pair are known to the compiler', () => {
    const { initiator, responder } = xx()
    complete(initiator, responder)
    const pair = initiator.split()
    // @ts-expect-error what sends can't open
    expect(pair.send.open).toBeTypeOf('function')
    // @ts-expect-error what receives can't seal
    expect(pair.receive.seal).toBeTypeOf('function')
    // @ts-expect-error two sending states of one key would repeat nonces
    expect(pair.send.rekeyed).toBeTypeOf('function')
  })
})

describe('the sizes', () => {
  it('overhead says what a message has above its payload', () => {
    const { initiator, responder } = xx()
    expect(initiator.overhead).toBe(32)
    const first = initiator.write(text('hello'))
    expect(first.length).toBe(37)
    expect(responder.overhead).toBe(32)
    responder.read(first)
    expect(responder.overhead).toBe(32 + 48 + 16)
    initiator.read(responder.write())
    expect(initiator.overhead).toBe(48 + 16)
    responder.read(initiator.write())
    expect([initiator.overhead, responder.overhead]).toEqual([0, 0])
  })

  it('a message of 65,535 bytes passes, one of 65,536 does not', () => {
    const [initiator, responder] = [loose('initiator'), loose('responder')]
    const payload = new Uint8Array(65_535 - 32).fill(3)
    expect(responder.read(initiator.write(payload))).toEqual(payload)
    expect(() => loose('initiator').write(new Uint8Array(65_536 - 32))).toThrow(code('size'))
    expect(() => loose('responder').read(new Uint8Array(65_536))).toThrow(code('malformed'))
  })

  it('every cut of every message is refused', () => {
    const messages = [xx, xx, xx].map((make, index) => {
      const { initiator, responder } = make()
      let message = initiator.write(text('payload'))
      if (index > 0) {
        responder.read(message)
        message = responder.write(text('payload'))
      }
      if (index > 1) {
        initiator.read(message)
        message = initiator.write(text('payload'))
      }
      return { message, reader: index === 1 ? initiator : responder }
    })
    for (const [index, { message }] of messages.entries()) {
      for (let size = 0; size < (index === 0 ? 32 : message.length); size += index === 0 ? 1 : 13) {
        const { reader } = remake(index)
        expect(() => reader.read(message.subarray(0, size))).toThrow(CipherError)
        expect(reader.turn).toBe('failed')
      }
    }
  })
})

/** Who reads message `index` of XX, in a handshake of its own. */
function remake(index: number): { reader: HandshakeState } {
  const { initiator, responder } = xx()
  if (index === 0) return { reader: responder }
  responder.read(initiator.write())
  const second = responder.write()
  if (index === 1) return { reader: initiator }
  initiator.read(second)
  return { reader: responder }
}

describe('against adversaries', () => {
  const one = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))
  const ofOrder8 = Uint8Array.from(
    Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
  )

  it.each([
    ['all zeros', new Uint8Array(32)],
    ['one', one],
    ['order 8', ofOrder8],
  ])('low-order point as an ephemeral key: %s', (_, point) => {
    const responder = loose('responder')
    responder.read(point)
    expect(() => responder.write()).toThrow(code('low-order'))
    expect(responder.turn).toBe('failed')
  })

  it('low-order point as the static key of a server that is known', () => {
    const suite = 'Noise_NK_25519_ChaChaPoly_SHA256'
    for (const remoteStatic of [one, ofOrder8]) {
      const initiator = loose('initiator', { suite, remoteStatic })
      expect(() => initiator.write()).toThrow(code('low-order'))
    }
  })

  it('downgrade: another prologue or suite on one side never completes', () => {
    const strict = { suite: NNpsk0, psks: [random(32)], prologue: text('encryption required') }
    const initiator = loose('initiator', strict)
    const other = loose('responder', { ...strict, prologue: text('encryption optional') })
    expect(() => other.read(initiator.write())).toThrow(code('not-authentic'))
    const weaker = loose('responder', { ...strict, suite: 'Noise_NNpsk0_25519_AESGCM_SHA256' })
    expect(() => weaker.read(loose('initiator', strict).write())).toThrow(code('not-authentic'))
    const [first, second] = [
      loose('initiator', { prologue: text('a') }),
      loose('responder', { prologue: text('b') }),
    ]
    second.read(first.write())
    expect(() => first.read(second.write())).toThrow(code('not-authentic'))
  })

  it('a wrong pre-shared key never completes', () => {
    const [initiator, responder] = (['initiator', 'responder'] as const).map((role) =>
      loose(role, { suite: NNpsk0, psks: [random(32)] }),
    ) as [HandshakeState, HandshakeState]
    expect(() => responder.read(initiator.write())).toThrow(code('not-authentic'))
  })

  it('an impostor without the static secret never completes', () => {
    const impostor: DhSecret = Object.assign(primitives.dh.secret(random(32)), { publicKey: bob.publicKey })
    const initiator = loose('initiator', { suite: XX, staticKeys: alice })
    const responder = loose('responder', { suite: XX, staticKeys: impostor })
    responder.read(initiator.write())
    expect(() => initiator.read(responder.write())).toThrow(code('not-authentic'))
  })

  it('IK: a replayed first message shows its payload, and the key, before anything is answered', () => {
    const initiator = startHandshake({
      suite: IK,
      role: 'initiator',
      primitives,
      random,
      staticKeys: alice,
      remoteStatic: bob.publicKey,
    })
    const first = initiator.write(text('timestamp'))
    const seen = [1, 2].map(() => {
      const responder = startHandshake({ suite: IK, role: 'responder', primitives, random, staticKeys: bob })
      const payload = new TextDecoder().decode(responder.read(first))
      return { payload, key: responder.remoteStatic, turn: responder.turn, answer: responder.write() }
    })
    expect(seen.map(({ payload }) => payload)).toEqual(['timestamp', 'timestamp'])
    expect(seen[0]!.key).toEqual(alice.publicKey)
    expect(seen[0]!.turn).toBe('write')
    // The replayer gets nowhere: the answers differ, and only who has the ephemeral secret can go on.
    expect(seen[0]!.answer).not.toEqual(seen[1]!.answer)
  })

  it('nonce after a restart: the same static keys never lead to the same transport keys', () => {
    const sealed = [1, 2].map(() => {
      const { initiator, responder } = xx()
      complete(initiator, responder)
      const into = new Uint8Array(32)
      initiator.split().send.seal(new Uint8Array(0), new Uint8Array(16), into)
      return into
    })
    expect(sealed[0]).not.toEqual(sealed[1])
  })

  it('nothing can be written down', () => {
    const { initiator, responder } = xx()
    expect(JSON.stringify(initiator)).toBe('{"role":"initiator"}')
    complete(initiator, responder)
    const pair = initiator.split()
    expect(JSON.stringify([pair.send, pair.receive])).toBe(
      '[{"cipher":"chacha20-poly1305"},{"cipher":"chacha20-poly1305"}]',
    )
    const copy = structuredClone({ ...pair }).send as unknown as { seal?: unknown }
    expect(copy.seal).toBeUndefined()
  })
})

describe('secrets', () => {
  it('the ephemeral secret is overwritten at the split, and after an error', () => {
    const made: DhSecret[] = []
    const watched: Primitives = {
      ...primitives,
      dh: {
        ...primitives.dh,
        secret(secretKey) {
          const secret = primitives.dh.secret(secretKey)
          made.push(secret)
          return secret
        },
      },
    }
    const given: Uint8Array[] = []
    const watchedRandom = (size: number) => {
      given.push(random(size))
      return given.at(-1)!
    }
    const initiator = loose('initiator', { primitives: watched, random: watchedRandom })
    const responder = loose('responder')
    complete(initiator, responder)
    expect(made[0]!.shared(bob.publicKey)).toHaveLength(32)
    expect(given.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true])
    initiator.split()
    expect(() => made[0]!.shared(bob.publicKey)).toThrow(code('used'))
    const failing = loose('initiator', { primitives: watched })
    failing.write()
    expect(() => failing.read(new Uint8Array(48))).toThrow(CipherError)
    expect(() => made[1]!.shared(bob.publicKey)).toThrow(code('used'))
  })

  it('what the caller overwrites after giving it changes nothing', () => {
    const psk = random(32)
    const given = { ...bothOf(alice), secretKey: copyOf(alice.secretKey), publicKey: copyOf(alice.publicKey) }
    const known = copyOf(bob.publicKey)
    const suite = 'Noise_IKpsk2_25519_ChaChaPoly_SHA256'
    const own = copyOf(psk)
    const initiator = loose('initiator', { suite, staticKeys: given, remoteStatic: known, psks: [own] })
    const responder = loose('responder', { suite, staticKeys: bob, psks: [psk] })
    for (const bytes of [given.secretKey, given.publicKey, known, own]) bytes.fill(0)
    complete(initiator, responder)
    expect(initiator.split().handshakeHash).toEqual(responder.split().handshakeHash)
  })

  it('a secret for many handshakes outlives each of them', () => {
    const staticKeys = staticSecret(primitives.dh, alice)
    for (let round = 0; round < 2; round++) {
      const initiator = loose('initiator', { suite: XX, staticKeys })
      const responder = loose('responder', { suite: XX, staticKeys: bob })
      complete(initiator, responder)
      expect([initiator.split(), responder.split()][1]?.remoteStatic).toEqual(alice.publicKey)
    }
  })

  it('what the caller gave stays his: static keys, pre-shared keys, prologue, messages', () => {
    const psk = random(32)
    const kept = [psk, alice.secretKey, alice.publicKey].map((bytes) => bytes.slice())
    const suite = 'Noise_XXpsk3_25519_AESGCM_BLAKE2s'
    const initiator = startHandshake({
      suite,
      role: 'initiator',
      primitives,
      random,
      staticKeys: alice,
      psks: [psk],
    })
    const responder = startHandshake({
      suite,
      role: 'responder',
      primitives,
      random,
      staticKeys: bob,
      psks: [psk],
    })
    complete(initiator, responder)
    initiator.split()
    expect([psk, alice.secretKey, alice.publicKey]).toEqual(kept)
  })

  it('no message of an error holds a key', () => {
    const secret = alice.secretKey
    const shown = [
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('base64'),
      [...secret.subarray(0, 4)].join(','),
    ]
    for (const more of [{ staticKeys: alice }, { suite: XX }, { suite: IK, staticKeys: alice }] as const) {
      try {
        loose('initiator', more)
        expect.unreachable()
      } catch (error) {
        for (const form of shown) expect(String(error)).not.toContain(form)
      }
    }
  })
})

it('payloads are what was written, and the hash is the same on both sides', () => {
  const { initiator, responder } = xx()
  expect(responder.read(initiator.write(text('one')))).toEqual(text('one'))
  expect(initiator.read(responder.write(text('two')))).toEqual(text('two'))
  expect(initiator.remoteStatic).toEqual(bob.publicKey)
  expect(responder.remoteStatic).toBeUndefined()
  expect(responder.read(initiator.write(text('three')))).toEqual(text('three'))
  const [first, second] = [initiator.split(), responder.split()]
  expect(first.handshakeHash).toEqual(second.handshakeHash)
  expect(first.remoteStatic).toEqual(bob.publicKey)
  expect(second.remoteStatic).toEqual(alice.publicKey)
})
