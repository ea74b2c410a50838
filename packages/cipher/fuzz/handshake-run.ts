import { CipherError } from '../src/base/errors.ts'
import type { KeyPair, Primitives } from '../src/base/primitives.ts'
import { HandshakeState } from '../src/noise/handshake-state.ts'
import { type Pattern, parsePattern, type Role } from '../src/noise/patterns.ts'
import { parseSuite } from '../src/noise/suite.ts'
import { CallMemory } from './call-memory.ts'
import { campaign } from './campaign.ts'
import { mutated } from './handshake-mutation.ts'
import { plainDh } from './plain-dh.ts'
import type { Random } from './record-rig.ts'
import { rememberedPrimitives } from './remembered-primitives.ts'

const NAMES = ['N', 'K', 'X', 'NN', 'NK', 'NX', 'KN', 'KK', 'KX', 'XN', 'XK', 'XX', 'IN', 'IK', 'IX']
const PSKS = ['', 'psk0', 'psk1', 'psk2', 'psk3', 'psk0+psk1', 'psk0+psk2', 'psk1+psk3']
const PATTERNS = NAMES.flatMap((name) => PSKS.map((psks) => patternOf(name + psks))).filter(
  (pattern) => pattern !== undefined,
)
const CIPHERS = ['ChaChaPoly', 'ChaChaPoly', 'ChaChaPoly', 'AESGCM']
const HASHES = ['SHA256', 'SHA256', 'BLAKE2s', 'BLAKE2b']
/** What a reader may answer to bytes that aren't the message. */
const REFUSALS = new Set(['malformed', 'not-authentic', 'low-order'])
const ROLES: readonly Role[] = ['initiator', 'responder']

/**
 * One handshake of a random pattern, with the same keys and payloads in every step. A step plays it again, mutates one message, and throws at the
 * first broken promise: a refusal is a typed error and ends the machine for ever, no side that read a changed message ever splits by reading,
 * and never do both sides. Both machines are new in each step and read every message; only what was computed before isn't computed again.
 */
export class HandshakeRun {
  readonly #random: Random
  readonly #memory = new CallMemory()
  readonly #primitives: Primitives
  readonly #pattern: Pattern
  readonly #suite: string
  readonly #keys: Readonly<Record<Role, KeyPair>>
  readonly #psks: readonly Uint8Array[]
  readonly #ephemerals: Readonly<Record<Role, Uint8Array>>
  readonly #payloads: readonly Uint8Array[]

  constructor(random: Random, primitives: Primitives) {
    this.#random = random
    this.#primitives = rememberedPrimitives({ ...primitives, dh: plainDh }, this.#memory)
    this.#pattern = random.pick(PATTERNS)
    this.#suite = `Noise_${this.#pattern.name}_25519_${random.pick(CIPHERS)}_${random.pick(HASHES)}`
    this.#keys = { initiator: plainDh.pair(random.bytes(32)), responder: plainDh.pair(random.bytes(32)) }
    this.#ephemerals = { initiator: random.bytes(32), responder: random.bytes(32) }
    this.#psks = Array.from({ length: this.#pattern.pskCount }, () => random.bytes(32))
    this.#payloads = this.#pattern.messages.map(() => random.bytes(random.below(40)))
    // Done once for all handshakes of a suite, so it is no part of one.
    parseSuite(this.#suite, this.#primitives)
    this.#memory.record()
    const outcome = this.#play(-1)
    if (outcome !== 'unchanged') throw new Error(`${this.#suite} without a change: ${outcome}`)
  }

  /** What became of a mutated message: the name of the refusal, `later` if only a later message gave it away, or `unchanged`. */
  step(): string {
    this.#memory.replay()
    return this.#play(this.#random.below(this.#pattern.messages.length))
  }

  /** Mutates the message of that index. */
  #play(step: number): string {
    const { name, messages } = this.#pattern
    const [initiator, responder] = ROLES.map((role) => this.#machine(role)) as [
      HandshakeState,
      HandshakeState,
    ]
    const seen: Uint8Array[] = []
    let isChanged = false
    let [writer, reader] = [initiator, responder]
    for (let index = 0; index < messages.length; index++) {
      let now = writer
      try {
        const message = writer.write(this.#payloads[index])
        seen.push(message)
        const arriving = index === step ? mutated(message, seen, this.#random) : message
        isChanged ||= Buffer.compare(message, arriving) !== 0
        now = reader
        reader.read(arriving)
      } catch (error) {
        if (!isChanged) throw error
        expectDead(now, error)
        return index === step ? (error as CipherError).code : 'later'
      }
      if (isChanged && reader.turn === 'split') throw new Error(`${name}: a changed message led to a split`)
      ;[writer, reader] = [reader, writer]
    }
    if (isChanged) throw new Error(`${name}: neither side saw the change of message ${step}`)
    const [first, second] = [initiator.split(), responder.split()]
    if (Buffer.compare(first.handshakeHash, second.handshakeHash) !== 0)
      throw new Error(`${name}: two hashes`)
    return 'unchanged'
  }

  #machine(role: Role): HandshakeState {
    const other = role === 'initiator' ? 'responder' : 'initiator'
    const { hasStatic, isKnown } = this.#pattern
    return new HandshakeState({
      suite: this.#suite,
      role,
      primitives: this.#primitives,
      random: () => this.#ephemerals[role].slice(),
      prologue: PROLOGUE,
      staticKeys: hasStatic[role] ? this.#keys[role] : undefined,
      remoteStatic: isKnown[other] ? this.#keys[other].publicKey : undefined,
      psks: this.#psks,
    })
  }
}

const PROLOGUE = new Uint8Array([1])
const JUNK = new Uint8Array(96)

function expectDead(machine: HandshakeState, error: unknown): void {
  if (!(error instanceof CipherError) || !REFUSALS.has(error.code)) throw error
  if (machine.turn !== 'failed') throw new Error(`after ${error.code} it waits for ${machine.turn}`)
  for (const call of [() => machine.write(), () => machine.read(JUNK), () => machine.split()]) {
    try {
      call()
    } catch (again) {
      if (again instanceof CipherError && again.code === 'failed') continue
      throw again
    }
    throw new Error(`it lives on after ${error.code}`)
  }
}

function patternOf(name: string): Pattern | undefined {
  try {
    return parsePattern(name)
  } catch {
    // A modifier behind its last message.
    return undefined
  }
}

/** Steps of one handshake, before the next: to make one costs as much as some twenty. */
const STEPS_EACH = 100

/** Plays so many steps, and counts what became of them. */
export function runHandshakes(runs: number, seed: number, primitives: Primitives): Record<string, number> {
  const make = (random: Random) => {
    const run = new HandshakeRun(random, primitives)
    return () => run.step()
  }
  return campaign(runs, seed, make, STEPS_EACH)
}
