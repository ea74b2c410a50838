import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import { type Dh, type DhSecret, KEY_SIZE, TAG_SIZE } from '../base/primitives.ts'
import type { CipherState } from './cipher-state.ts'
import { checkedKeys, type HandshakeKeys, type HandshakeOptions } from './handshake-options.ts'
import type { Pattern, Role, Token } from './patterns.ts'
import { parseSuite } from './suite.ts'
import { SymmetricState } from './symmetric-state.ts'

/** The most bytes of a Noise message, of the handshake and after (section 3). */
export const MESSAGE_SIZE_MAX = 65_535

const NOTHING = new Uint8Array(0)

/** What the machine waits for: `write`, `read` or `split`; or its end: `split` is done, or something went wrong. */
export type HandshakeTurn = 'write' | 'read' | 'split' | 'used' | 'failed'

/** One direction of a conversation, out: it seals and can't open. No second state of its key can be had. */
export type SendState = Omit<CipherState, 'open' | 'openLent' | 'openAt' | 'reuse' | 'rekeyed'>

/** The other direction, in: it opens and can't seal. */
export type ReceiveState = Omit<CipherState, 'seal' | 'rekeyed'> & { rekeyed(): ReceiveState }

/** What comes out of a handshake. Of a one-way pattern, the direction that doesn't exist throws CipherError `used`. */
export interface CipherPair {
  readonly send: SendState
  readonly receive: ReceiveState
  /** The same on both sides and of this conversation alone: the channel binding. 32 or 64 bytes, no secret. */
  readonly handshakeHash: Uint8Array
  /** The proven static public key of the other side, if the pattern has one. */
  readonly remoteStatic: Uint8Array | undefined
}

/**
 * A handshake of one side: HandshakeState of the Noise specification, revision 34, section 5.3. It moves no bytes itself: `write` gives
 * a message to be sent, `read` takes one that came, whole. `turn` says which comes next.
 *
 * The first error ends it for ever, from either side; secrets are overwritten at the end, whichever that is. Made by `startHandshake`.
 */
export class HandshakeState {
  readonly role: Role
  readonly #pattern: Pattern
  readonly #symmetric: SymmetricState
  readonly #keys: HandshakeKeys
  readonly #dh: Dh
  readonly #random: ((size: number) => Uint8Array) | undefined
  #remoteStatic: Uint8Array | undefined
  #ephemeral: DhSecret | undefined
  #remoteEphemeral: Uint8Array | undefined
  #turn: HandshakeTurn
  #messageIndex = 0
  #pskIndex = 0

  constructor(options: HandshakeOptions) {
    const suite = parseSuite(options.suite, options.primitives)
    this.role = options.role
    this.#pattern = suite.pattern
    this.#dh = options.primitives.dh
    this.#keys = checkedKeys(suite.pattern, options, this.#dh)
    this.#random = options.random
    this.#symmetric = new SymmetricState(suite)
    this.#remoteStatic = this.#keys.remoteStatic
    this.#turn = options.role === 'initiator' ? 'write' : 'read'
    this.#symmetric.mixHash(options.prologue ?? NOTHING)
    for (const side of ['initiator', 'responder'] as const) {
      if (!suite.pattern.isKnown[side]) continue
      const known = side === this.role ? this.#keys.staticSecret?.publicKey : this.#remoteStatic
      this.#symmetric.mixHash(present(known))
    }
  }

  /** Which call comes next. */
  get turn(): HandshakeTurn {
    return this.#turn
  }

  /**
   * The static public key that the other side has shown so far, or was known to have. `XX`, `XK`, `NX` and `KX` prove it by the message that
   * shows it, and so does `IK`, but for a replay; `IN` and `IX` only by what the initiator sends after the handshake.
   */
  get remoteStatic(): Uint8Array | undefined {
    return this.#turn === 'failed' || this.#remoteStatic === undefined
      ? undefined
      : copyOf(this.#remoteStatic)
  }

  /** How many bytes the next message has above its payload. 0 when no message is left. */
  get overhead(): number {
    let size = 0
    let isKeyed = this.#symmetric.overhead > 0
    const hasPsk = this.#pattern.pskCount > 0
    for (const token of this.#pattern.messages[this.#messageIndex] ?? []) {
      if (token === 'e') size += KEY_SIZE
      else if (token === 's') size += KEY_SIZE + (isKeyed ? TAG_SIZE : 0)
      // A public ephemeral key counts as one only where a pre-shared key makes it secret.
      isKeyed ||= token === 'e' ? hasPsk : token !== 's'
    }
    return this.#messageIndex < this.#pattern.messages.length ? size + (isKeyed ? TAG_SIZE : 0) : 0
  }

  /**
   * The next message of this side, a new array of `payload.length + overhead` bytes, at most `MESSAGE_SIZE_MAX`. How secret the payload is depends
   * on the message (section 7.7): what the initiator's first one carries can be replayed, and without a known key it is in clear.
   */
  write(payload: Uint8Array = NOTHING): Uint8Array {
    return this.#step('write', () => {
      const size = payload.length + this.overhead
      if (size > MESSAGE_SIZE_MAX) {
        const rest = MESSAGE_SIZE_MAX - this.overhead
        throw new CipherError(
          'size',
          `This message takes a payload of at most ${rest} bytes, not ${payload.length}`,
        )
      }
      const message = new Uint8Array(size)
      let at = 0
      for (const token of this.#tokens()) at += this.#writeToken(token, message, at)
      this.#symmetric.encryptAndHash(payload, message.subarray(at))
      return message
    })
  }

  /** Takes the next message of the other side, whole, and gives its payload, a new array. Throws CipherError for whatever isn't that message. */
  read(message: Uint8Array): Uint8Array {
    return this.#step('read', () => {
      if (message.length > MESSAGE_SIZE_MAX) {
        throw new CipherError(
          'malformed',
          `A handshake message has at most ${MESSAGE_SIZE_MAX} bytes, not ${message.length}`,
        )
      }
      if (message.length < this.overhead) {
        throw new CipherError(
          'malformed',
          `This handshake message has at least ${this.overhead} bytes, not ${message.length}`,
        )
      }
      let at = 0
      for (const token of this.#tokens()) at += this.#readToken(token, message, at)
      return this.#symmetric.decryptAndHash(message.subarray(at), 'The payload of the handshake')
    })
  }

  /** The conversation, after the last message. The handshake is used up by it. */
  split(): CipherPair {
    if (this.#turn !== 'split') throw this.#outOfTurn('split')
    const handshakeHash = this.#symmetric.transcript()
    const [initiator, responder] = this.#symmetric.split()
    if (this.#pattern.isOneWay) {
      responder.wipe(`Noise_${this.#pattern.name} is one-way: its responder can't send`)
    }
    const remoteStatic = this.remoteStatic
    this.#end('used')
    const isInitiator = this.role === 'initiator'
    return {
      send: isInitiator ? initiator : responder,
      receive: isInitiator ? responder : initiator,
      handshakeHash,
      remoteStatic,
    }
  }

  /** Gives up: overwrites the secrets. Every further call throws. */
  abandon(): void {
    if (this.#turn !== 'used') this.#end('failed')
  }

  #step(turn: 'write' | 'read', work: () => Uint8Array): Uint8Array {
    try {
      if (this.#turn !== turn) throw this.#outOfTurn(turn)
      const result = work()
      this.#messageIndex++
      const isLast = this.#messageIndex === this.#pattern.messages.length
      this.#turn = isLast ? 'split' : turn === 'write' ? 'read' : 'write'
      return result
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  #tokens(): readonly Token[] {
    return present(this.#pattern.messages[this.#messageIndex])
  }

  #writeToken(token: Token, message: Uint8Array, at: number): number {
    if (token === 'e') {
      const ephemeral = this.#makeEphemeral()
      message.set(ephemeral.publicKey, at)
      this.#mixEphemeral(ephemeral.publicKey)
      return KEY_SIZE
    }
    if (token === 's') {
      const size = KEY_SIZE + this.#symmetric.overhead
      this.#symmetric.encryptAndHash(
        present(this.#keys.staticSecret).publicKey,
        message.subarray(at, at + size),
      )
      return size
    }
    this.#mix(token)
    return 0
  }

  #readToken(token: Token, message: Uint8Array, at: number): number {
    if (token === 'e') {
      this.#remoteEphemeral = copyOf(message.subarray(at, at + KEY_SIZE))
      this.#mixEphemeral(this.#remoteEphemeral)
      return KEY_SIZE
    }
    if (token === 's') {
      const size = KEY_SIZE + this.#symmetric.overhead
      this.#remoteStatic = this.#symmetric.decryptAndHash(
        message.subarray(at, at + size),
        'The static key of the other side',
      )
      return size
    }
    this.#mix(token)
    return 0
  }

  #mix(token: Exclude<Token, 'e' | 's'>): void {
    if (token === 'psk') {
      this.#symmetric.mixKeyAndHash(present(this.#keys.psks[this.#pskIndex++]))
      return
    }
    const isInitiator = this.role === 'initiator'
    // The first letter is of the initiator's key, the second of the responder's.
    const mine = isInitiator ? token[0] : token[1]
    const theirs = isInitiator ? token[1] : token[0]
    const secret = present(mine === 'e' ? this.#ephemeral : this.#keys.staticSecret)
    const shared = secret.shared(present(theirs === 'e' ? this.#remoteEphemeral : this.#remoteStatic))
    if (shared === undefined) {
      throw new CipherError(
        'low-order',
        'The other side sent a public key of low order, which makes no secret',
      )
    }
    this.#symmetric.mixKey(shared)
    shared.fill(0)
  }

  /** With a pre-shared key, the ephemeral one is mixed in as well, so that no two messages share a key (section 9.2). */
  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey)
    if (this.#pattern.pskCount > 0) this.#symmetric.mixKey(publicKey)
  }

  #makeEphemeral(): DhSecret {
    this.#ephemeral = this.#random === undefined ? this.#dh.generate!() : this.#secretOf(this.#random)
    return this.#ephemeral
  }

  #secretOf(random: (size: number) => Uint8Array): DhSecret {
    const secretKey = random(KEY_SIZE)
    if (secretKey.length !== KEY_SIZE) {
      throw new CipherError('size', `random(${KEY_SIZE}) gave ${secretKey.length} bytes`)
    }
    const secret = this.#dh.secret(secretKey)
    secretKey.fill(0)
    return secret
  }

  #end(turn: 'used' | 'failed'): void {
    this.#turn = turn
    this.#symmetric.wipe()
    this.#ephemeral?.wipe()
    this.#ephemeral = undefined
    if (this.#keys.isOwnSecret) this.#keys.staticSecret?.wipe()
    for (const psk of this.#keys.psks) psk.fill(0)
  }

  #outOfTurn(asked: 'write' | 'read' | 'split'): CipherError {
    switch (this.#turn) {
      case 'used':
        return new CipherError('used', 'This handshake was split: make a new one for every conversation')
      case 'failed':
        return new CipherError('failed', 'This handshake failed before: make a new one')
      default:
        return new CipherError(
          'turn',
          `${asked}() out of turn: the ${this.role} of Noise_${this.#pattern.name} must ${this.#turn}()`,
        )
    }
  }
}

/**
 * A new handshake. With a literal suite, the compiler asks for just the keys of its pattern; otherwise the constructor throws CipherError:
 * `name` for an unknown suite, `missing`, `unexpected` or `size` for the keys, `unsupported` for primitives that lack the AEAD.
 */
export function startHandshake<const Name extends string, const Side extends Role>(
  options: HandshakeOptions<Name, Side>,
): HandshakeState {
  return new HandshakeState(options as HandshakeOptions)
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new CipherError('missing', 'The pattern uses a key that it never introduced')
  return value
}
