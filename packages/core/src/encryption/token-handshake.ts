import type { CipherPair, HandshakeState } from '@millrace/cipher'
import {
  SEALED_TOKEN_SIZE_MAX,
  type TokenCandidate,
  type TokenChecker,
  type TokenHolder,
  type TokenRefusal,
  tokenRefusals,
} from '@millrace/cipher/tokens'
import { EncryptionFailure } from '../base/encryption-failure.ts'
import type { Handshake } from '../base/handshake.ts'
import { causeText } from '../base/millrace-error.ts'
import type { TokenHandshakeParts } from '../base/token-code.ts'

const nothing = new Uint8Array(0)

/** The handshake of a side that shows a token: in clear, in front of the first message of Noise, which only its owner can write. */
export class TokenShown implements Handshake {
  readonly role = 'initiator'
  readonly #sealed: Uint8Array
  readonly #noise: HandshakeState
  #isShown = false

  constructor(sealed: Uint8Array, noise: HandshakeState) {
    this.#sealed = sealed
    this.#noise = noise
  }

  get turn(): Handshake['turn'] {
    return this.#noise.turn
  }

  get overhead(): number {
    return this.#isShown ? this.#noise.overhead : this.#sealed.length
  }

  get remoteStatic(): Uint8Array | undefined {
    return this.#noise.remoteStatic
  }

  write(payload?: Uint8Array): Uint8Array {
    if (this.#isShown || this.turn !== 'write') return this.#noise.write(payload)
    this.#isShown = true
    return this.#sealed
  }

  read(message: Uint8Array): Uint8Array {
    return this.#noise.read(message)
  }

  split(): CipherPair {
    return this.#noise.split()
  }

  abandon(): void {
    this.#noise.abandon()
  }
}

/**
 * The handshake of a side that takes tokens. The token comes first, in clear, and has the key for the message behind it; when that is authentic, the peer
 * is no one who has only seen the token, and it is used up. Tells of a refusal by `failure`.
 */
export class TokenTaken implements Handshake {
  readonly role = 'responder'
  readonly #checker: TokenChecker
  readonly #parts: TokenHandshakeParts
  #candidate: TokenCandidate | undefined
  #noise: HandshakeState | undefined
  #holder: TokenHolder | undefined
  #failure: EncryptionFailure | undefined
  #isOver = false

  constructor(checker: TokenChecker, parts: TokenHandshakeParts) {
    this.#checker = checker
    this.#parts = parts
  }

  get turn(): Handshake['turn'] {
    return this.#isOver ? 'failed' : (this.#noise?.turn ?? 'read')
  }

  /** Of the token, the most that there can be. */
  get overhead(): number {
    return this.#noise?.overhead ?? SEALED_TOKEN_SIZE_MAX
  }

  get remoteStatic(): undefined {
    return undefined
  }

  get holder(): TokenHolder | undefined {
    return this.#holder
  }

  get failure(): EncryptionFailure | undefined {
    return this.#failure
  }

  read(message: Uint8Array): Uint8Array {
    if (this.#isOver) return nothing
    if (this.#noise !== undefined) {
      const payload = this.#noise.read(message)
      this.#redeem()
      return payload
    }
    const { peerAddress = '', wallMs } = this.#parts
    const shown = this.#asked(() => this.#checker.verify(message, peerAddress, wallMs()))
    if (shown?.outcome === 'candidate') {
      this.#candidate = shown
      this.#noise = this.#parts.start(message, shown.psk)
    } else this.#refuse(shown?.outcome)
    return nothing
  }

  write(payload?: Uint8Array): Uint8Array {
    return this.#noise!.write(payload)
  }

  split(): CipherPair {
    return this.#noise!.split()
  }

  abandon(): void {
    this.#isOver = true
    this.#noise?.abandon()
    this.#candidate?.psk.fill(0)
    this.#candidate = undefined
  }

  #redeem(): void {
    const candidate = this.#candidate!
    const result = this.#asked(() => candidate.redeem(this.#parts.wallMs()))
    if (result?.outcome === 'accepted') this.#holder = result
    else this.#refuse(result?.outcome)
  }

  /** A checker of the program's may answer anything: only a refusal that there is becomes one. */
  #refuse(outcome: TokenRefusal | undefined): void {
    if (this.#failure === undefined) {
      const isKnown = outcome !== undefined && tokenRefusals.includes(outcome)
      const what = isKnown
        ? `the connect token was refused: ${outcome}`
        : 'tokens answered no outcome that there is'
      this.#failure = new EncryptionFailure('refused', what, isKnown ? outcome : undefined)
    }
    this.abandon()
  }

  /** What a checker of the program's throws refuses the peer, and harms no other. */
  #asked<Outcome extends object>(ask: () => Outcome): Outcome | undefined {
    try {
      return ask()
    } catch (error) {
      this.#failure = new EncryptionFailure('refused', `tokens failed: ${causeText(error)}`)
      return undefined
    }
  }
}
