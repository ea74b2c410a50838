import {
  CipherError,
  type HandshakeOptions,
  noblePrimitives,
  type Primitives,
  type Role,
  startHandshake,
} from '@millrace/cipher'
import { describe, expect, it } from 'vitest'
import { cacophony, hex, type NoiseVector, toHex } from '../fixtures/vectors.ts'
import { nodePrimitives } from './node.ts'

const IMPLEMENTATIONS = [nodePrimitives, noblePrimitives]
const PAIRINGS = IMPLEMENTATIONS.flatMap((initiator) =>
  IMPLEMENTATIONS.map((responder) => ({ initiator, responder })),
)
const VECTORS = cacophony()

describe.each(PAIRINGS)('$initiator.name writes to $responder.name', ({ initiator, responder }) => {
  it.each(VECTORS)('$protocol_name', (vector) => replay(vector, initiator, responder))
})

it('covers every suite and fundamental pattern', () => {
  expect(VECTORS.length).toBe(216)
  expect(new Set(VECTORS.map((vector) => vector.protocol_name)).size).toBe(216)
  const patterns = new Set(VECTORS.map((vector) => vector.protocol_name.split('_')[1]!))
  expect([...patterns].filter((name) => !name.includes('psk')).length).toBe(15)
  expect([...patterns].filter((name) => name.includes('psk')).length).toBe(21)
})

function replay(vector: NoiseVector, initiatorBy: Primitives, responderBy: Primitives): void {
  const initiator = startHandshake(optionsOf(vector, 'initiator', initiatorBy))
  const responder = startHandshake(optionsOf(vector, 'responder', responderBy))
  const messages = [...vector.messages]
  let [from, to] = [initiator, responder]
  while (from.turn === 'write') {
    const { payload, ciphertext } = messages.shift()!
    expect(from.overhead + payload.length / 2).toBe(ciphertext.length / 2)
    expect(to.overhead).toBe(from.overhead)
    const message = from.write(hex(payload))
    expect(toHex(message)).toBe(ciphertext)
    expect(toHex(to.read(message))).toBe(payload)
    ;[from, to] = [to, from]
  }
  const isTurned = from === responder
  const [first, second] = [initiator.split(), responder.split()]
  expect(toHex(first.handshakeHash)).toBe(vector.handshake_hash)
  expect(toHex(second.handshakeHash)).toBe(vector.handshake_hash)
  const isOneWay = /_[NKX](psk\d)?_/.test(vector.protocol_name)
  expect(messages.length).toBeGreaterThan(1)
  if (isOneWay) {
    const [byte, sealed] = [new Uint8Array(1), new Uint8Array(17)]
    expect(() => second.send.seal(byte, byte, sealed)).toThrow(CipherError)
    expect(() => first.receive.open(byte, sealed, byte)).toThrow(CipherError)
  }
  for (const [index, { payload, ciphertext }] of messages.entries()) {
    const isByInitiator = isOneWay || (index % 2 === 0) !== isTurned
    const { send } = isByInitiator ? first : second
    const { receive } = isByInitiator ? second : first
    const sealed = new Uint8Array(ciphertext.length / 2)
    send.seal(new Uint8Array(0), hex(payload), sealed)
    expect(toHex(sealed)).toBe(ciphertext)
    const opened = new Uint8Array(sealed.length - 16)
    expect(receive.open(new Uint8Array(0), sealed, opened)).toBe(true)
    expect(toHex(opened)).toBe(payload)
  }
}

/** Cacophony writes down static keys that a pattern doesn't use: the letters of the pattern say which it does. */
function optionsOf(vector: NoiseVector, role: Role, primitives: Primitives): HandshakeOptions {
  const side = role === 'initiator' ? 'init' : 'resp'
  const letters = vector.protocol_name.split('_')[1]!.replace(/psk.*/, '')
  const mine = role === 'initiator' ? letters[0] : (letters[1] ?? 'K')
  const secret = vector[`${side}_static`]
  const remote = vector[`${side}_remote_static`]
  const ephemeral = vector[`${side}_ephemeral`]
  return {
    suite: vector.protocol_name,
    role,
    primitives,
    prologue: hex(vector[`${side}_prologue`] ?? ''),
    random: (size) => {
      expect(size).toBe(32)
      return hex(ephemeral!)
    },
    staticKeys: mine === 'N' ? undefined : primitives.dh.pair(hex(secret!)),
    remoteStatic: remote === undefined ? undefined : hex(remote),
    psks: vector[`${side}_psks`]?.map(hex),
  }
}
