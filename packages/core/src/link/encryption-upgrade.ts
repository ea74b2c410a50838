import type { BlockPool } from '@millrace/buffer'
import { CipherError } from '@millrace/cipher'
import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { PipeLimits } from '../base/options.ts'
import {
  checkEncryption,
  type HandshakePlan,
  planHandshake,
  type SharedKeyEncryption,
} from '../encryption/encryption.ts'
import { SealedLink } from '../encryption/sealed-link.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { StreamSession } from '../ports/protocol.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'
import { Deadline } from '../turn/deadline.ts'
import type { Turns } from '../turn/turns.ts'
import type { SendQueue } from './send-queue.ts'

/** What this needs of the carrier whose channel begins to encrypt. */
export interface EncryptionUpgradeOwner {
  readonly role: 'accepted' | 'opened'
  readonly turns: Turns
  readonly limits: PipeLimits
  readonly pool: BlockPool
  readonly crypto: PlatformCrypto | undefined
  readonly sendQueue: SendQueue
  readonly session: StreamSession
  /** Whether the channel can still fail: one that closes has an end already. */
  readonly isOpen: boolean
  /** The reason of the end that was asked for, or of what is lost by it. */
  readonly endReason: CloseReason
  /** The link below; then the one that seals. */
  link: Link
  /** Hands everything written so far to the link. */
  flush(): void
  fail(reason: CloseReason): void
  destroy(reason: CloseReason): void
}

/** The steps, by what their frames say. */
const steps = { first: 1, second: 2, last: 3 } as const

/**
 * Begins encryption on an open channel. The opening side sends the first message of the handshake, the accepting side answers with the second, when
 * the program there has asked for encryption too, and seals from the next byte on; the opening side says `last` and does the same. What
 * is sent after the call waits until its side seals, so that nothing of it is ever in clear, and keeps its order.
 */
export class EncryptionUpgrade {
  readonly #owner: EncryptionUpgradeOwner
  readonly #clear: LinkOwner
  #plan: HandshakePlan | undefined
  #state: 'asked' | 'idle' | 'shaking' | 'half' | 'sealed' | 'over' = 'idle'
  /** The first message, if the peer asked before the program did. */
  #first: Uint8Array | undefined
  #sealed: SealedLink | undefined
  /** Bytes in clear that the link still has. */
  #clearLeft = 0
  #settle: { readonly resolve: () => void; readonly reject: (error: MillraceError) => void } | undefined
  readonly #deadline: Deadline

  /** `clear` is whom the sealed link tells: the carrier, as if there were no encryption. */
  constructor(owner: EncryptionUpgradeOwner, clear: LinkOwner) {
    this.#owner = owner
    this.#clear = clear
    this.#deadline = new Deadline(owner.turns, () => this.#late())
  }

  /** Whether what comes in is sealed. */
  get isOpening(): boolean {
    return this.#state === 'sealed'
  }

  /** The program asks for encryption. */
  begin(options: SharedKeyEncryption): Promise<void> {
    const { role, crypto, sendQueue, session } = this.#owner
    checkEncryption(options, 'setEncryption')
    if (session.encodeCipherStep === undefined || session.takeRest === undefined) {
      throw new MillraceError(
        'unsupported',
        'the protocol of this channel cannot begin to encrypt: encrypt its pipe',
      )
    }
    if (this.#plan !== undefined || this.#state === 'over')
      throw new MillraceError('already-open', 'setEncryption was called on this channel before')
    this.#plan = planHandshake(options, role, crypto, 'channel')
    this.#owner.flush()
    sendQueue.isHeld = true
    this.#expect()
    if (role === 'opened') this.#step(steps.first, this.#plan.handshake.write())
    const done = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Whoever only listens for the end of the channel need not catch this as well.
    done.catch(() => {})
    const first = this.#first
    this.#state = 'shaking'
    if (first !== undefined) this.#answer(first)
    return done
  }

  /** A step of the peer came. */
  came(step: number, message: Uint8Array): void {
    const { role, session } = this.#owner
    // The link is gone. Behind a step stands nothing in clear: what nobody can open any more must not be taken for frames.
    if (this.#state === 'over') {
      session.takeRest?.()
      return
    }
    if (role === 'accepted' && step === steps.first && this.#state === 'idle') {
      this.#first = message
      this.#state = 'asked'
      this.#expect()
    } else if (role === 'accepted' && step === steps.first && this.#state === 'shaking') this.#answer(message)
    else if (role === 'accepted' && step === steps.last && this.#state === 'half') this.#open()
    else if (role === 'opened' && step === steps.second && this.#state === 'shaking') this.#conclude(message)
    else this.#refuse(`step ${step} of the encryption came out of turn`)
  }

  /** Bytes came in behind the last step. */
  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    this.#sealed?.received(bytes, ownership)
  }

  /** So many bytes left the link below: first those in clear. */
  sent(size: number): void {
    const clear = Math.min(size, this.#clearLeft)
    this.#clearLeft -= clear
    if (clear > 0) this.#clear.sent(clear)
    if (size > clear) this.#sealed?.sent(size - clear)
  }

  /** Whether this accounts for what leaves. */
  get isSealing(): boolean {
    return this.#sealed !== undefined
  }

  ended(): void {
    this.#sealed?.ended()
  }

  /** The channel is over. */
  end(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#deadline.cancel()
    this.#plan?.handshake.abandon()
    this.#sealed?.release()
    this.#settle?.reject(new MillraceError('channel-closed', 'the channel ended before it was encrypted'))
  }

  #answer(first: Uint8Array): void {
    const handshake = this.#plan!.handshake
    if (!this.#read(first)) return
    this.#step(steps.second, handshake.write())
    this.#seal()
    this.#state = 'half'
  }

  #conclude(second: Uint8Array): void {
    if (!this.#read(second)) return
    this.#step(steps.last, new Uint8Array(0))
    this.#seal()
    this.#open()
  }

  #read(message: Uint8Array): boolean {
    try {
      this.#plan!.handshake.read(message)
      return true
    } catch (error) {
      if (!(error instanceof CipherError)) throw error
      this.#refuse(`the handshake failed: ${error.message}`)
      return false
    }
  }

  #step(step: number, message: Uint8Array): void {
    const { sendQueue, session, pool } = this.#owner
    sendQueue.pass(session.encodeCipherStep!(step, message), pool)
  }

  /** From here on everything that is sent is sealed. */
  #seal(): void {
    const owner = this.#owner
    const { sendQueue, pool, turns, limits } = owner
    this.#clearLeft = sendQueue.inFlight
    this.#sealed = SealedLink.begin(owner.link, { pool, turns, limits, plan: this.#plan! }, this.#clear)
    owner.link = this.#sealed
    sendQueue.redirect(this.#sealed)
    sendQueue.isHeld = false
    owner.flush()
  }

  /** From here on everything that comes is sealed, and so is what came already behind the last frame. */
  #open(): void {
    const { session } = this.#owner
    this.#state = 'sealed'
    this.#deadline.cancel()
    this.#settle?.resolve()
    this.#settle = undefined
    // It may be the link's memory still, of which `keep` would save the last record alone when readers are behind.
    for (const bytes of session.takeRest!()) this.received(new Uint8Array(bytes), 'given')
  }

  #expect(): void {
    if (!this.#deadline.isSet) this.#deadline.setIn(this.#owner.limits.handshakeTimeoutMs)
  }

  #late(): void {
    const who =
      this.#state === 'asked' ? 'setEncryption was not called here' : 'the peer did not go on with it'
    this.#refuse(`it was asked for, and ${who} within ${this.#owner.limits.handshakeTimeoutMs} ms`)
  }

  #refuse(what: string): void {
    this.#settle?.reject(new MillraceError('encryption-failed', `the channel cannot be encrypted: ${what}`))
    this.#settle = undefined
    const { isOpen, sendQueue, endReason } = this.#owner
    if (isOpen) this.#owner.fail({ code: 'encryption-failed', what })
    // A close that waits for this waits in vain.
    else if (sendQueue.isHeld) this.#owner.destroy(endReason)
  }
}
