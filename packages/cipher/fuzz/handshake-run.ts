import { CipherError } from '../src/base/errors.ts'
import type { Dh, Primitives } from '../src/base/primitives.ts'
import { noblePrimitives } from '../src/noble/noble.ts'
import { HandshakeState } from '../src/noise/handshake-state.ts'
import { type Pattern, parsePattern, type Role } from '../src/noise/patterns.ts'
import { mutated } from './handshake-mutation.ts'
import { Random } from './random.ts'

const NAMES = ['N', 'K', 'X', 'NN', 'NK', 'NX', 'KN', 'KK', 'KX', 'XN', 'XK', 'XX', 'IN', 'IK', 'IX']
const PSKS = ['', 'psk0', 'psk1', 'psk2', 'psk3', 'psk0+psk1', 'psk0+psk2', 'psk1+psk3']
const CIPHERS = ['ChaChaPoly', 'ChaChaPoly', 'ChaChaPoly', 'AESGCM']
const HASHES = ['SHA256', 'SHA256', 'BLAKE2s', 'BLAKE2b']
/** What a reader may answer to bytes that aren't the message. */
const REFUSALS = new Set(['malformed', 'not-authentic', 'low-order'])

/** What became of the mutated messages, by name of the refusal; `later` are those that only a later message gave away. */
export type HandshakeTally = Record<string, number>

/**
 * Plays handshakes of every pattern, mutates one message of each, and throws at the first broken promise: a refusal is a typed error
 * and ends the machine for ever, no side that read a changed message ever splits by reading, and never do both sides.
 */
export function runHandshakes({ runs, seed }: { runs: number; seed: number }): HandshakeTally {
  const random = new Random(seed)
  const patterns = NAMES.flatMap((name) => PSKS.map((psks) => patternOf(name + psks))).filter(
    (pattern) => pattern !== undefined,
  )
  const tally: HandshakeTally = {}
  for (let run = 0; run < runs; run++) {
    try {
      const outcome = playOne(patterns[random.below(patterns.length)]!, random)
      tally[outcome] = (tally[outcome] ?? 0) + 1
    } catch (error) {
      throw new Error(`run ${run} of seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
  }
  return tally
}

function playOne(pattern: Pattern, random: Random): string {
  const { initiator, responder } = sides(pattern, random)
  const step = random.below(pattern.messages.length)
  const seen: Uint8Array[] = []
  let isChanged = false
  let [writer, reader] = [initiator, responder]
  for (let index = 0; index < pattern.messages.length; index++) {
    let now = writer
    try {
      const message = writer.write(bytes(random.below(40), random))
      seen.push(message)
      const arriving = index === step ? mutated(message, seen, random) : message
      isChanged ||= !isEqual(message, arriving)
      now = reader
      reader.read(arriving)
    } catch (error) {
      if (!isChanged) throw error
      expectDead(now, error)
      return index === step ? (error as CipherError).code : 'later'
    }
    if (isChanged && reader.turn === 'split')
      throw new Error(`${pattern.name}: a changed message led to a split`)
    ;[writer, reader] = [reader, writer]
  }
  if (isChanged) throw new Error(`${pattern.name}: neither side saw the change of message ${step}`)
  const [first, second] = [initiator.split(), responder.split()]
  if (!isEqual(first.handshakeHash, second.handshakeHash)) throw new Error(`${pattern.name}: two hashes`)
  return 'unchanged'
}

function expectDead(machine: HandshakeState, error: unknown): void {
  if (!(error instanceof CipherError) || !REFUSALS.has(error.code)) throw error
  if (machine.turn !== 'failed') throw new Error(`after ${error.code} it waits for ${machine.turn}`)
  for (const call of [() => machine.write(), () => machine.read(new Uint8Array(96)), () => machine.split()]) {
    try {
      call()
    } catch (again) {
      if (again instanceof CipherError && again.code === 'failed') continue
      throw again
    }
    throw new Error(`it lives on after ${error.code}`)
  }
}

function sides(pattern: Pattern, random: Random): Record<Role, HandshakeState> {
  const suite = `Noise_${pattern.name}_25519_${CIPHERS[random.below(4)]}_${HASHES[random.below(4)]}`
  const keys = { initiator: PLAIN_DH.pair(bytes(32, random)), responder: PLAIN_DH.pair(bytes(32, random)) }
  const psks = Array.from({ length: pattern.pskCount }, () => bytes(32, random))
  const make = (role: Role, other: Role) =>
    new HandshakeState({
      suite,
      role,
      primitives: PRIMITIVES,
      random: (size) => bytes(size, random),
      prologue: new Uint8Array([1]),
      staticKeys: pattern.hasStatic[role] ? keys[role] : undefined,
      remoteStatic: pattern.isKnown[other] ? keys[other].publicKey : undefined,
      psks,
    })
  return { initiator: make('initiator', 'responder'), responder: make('responder', 'initiator') }
}

/**
 * A Diffie-Hellman without any secrecy, modulo 2^32 word by word, as X25519 in JavaScript would take all the time: what is under test
 * are the messages. It has its own points of low order.
 */
const PLAIN_DH: Dh = {
  pair(secretKey) {
    return { publicKey: PLAIN_DH.secret(secretKey).publicKey, secretKey: secretKey.slice() }
  },
  secret(secretKey) {
    const own = secretKey.slice()
    own[0]! |= 1
    return {
      publicKey: product(own, new Uint8Array(32).fill(0x35)),
      shared(publicKey) {
        const shared = product(own, publicKey)
        return shared.every((byte) => byte === 0) ? undefined : shared
      },
      wipe: () => void own.fill(0),
    }
  },
}

const PRIMITIVES: Primitives = { ...noblePrimitives, name: 'fuzz', dh: PLAIN_DH }

function product(left: Uint8Array, right: Uint8Array): Uint8Array {
  const into = new Uint8Array(32)
  const [a, b, c] = [left, right, into].map((part) => new DataView(part.buffer, part.byteOffset, 32)) as [
    DataView,
    DataView,
    DataView,
  ]
  for (let at = 0; at < 32; at += 4) c.setUint32(at, Math.imul(a.getUint32(at), b.getUint32(at)))
  return into
}

function patternOf(name: string): Pattern | undefined {
  try {
    return parsePattern(name)
  } catch {
    // A modifier behind its last message.
    return undefined
  }
}

function bytes(size: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: size }, () => random.below(256))
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
