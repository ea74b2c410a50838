import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { SharedKeyEncryption } from '../base/encryption-options.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { PipeLimits } from '../base/options.ts'
import { parseSharedKey } from '../base/parse-encryption.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { EncryptionCode } from '../ports/encryption.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { HandshakePlan } from '../ports/sealing.ts'
import type { AwaitedDeadline } from '../turn/deadline.ts'
import type { Turns } from '../turn/turns.ts'

/** What this needs of the pipe. */
export interface LocalUpgradeOwner {
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly crypto: PlatformCrypto
}

/** `setEncryption` on one end of a local channel: keys must fit as on a link, but nothing leaves the process, so nothing is sealed. */
export class LocalUpgrade {
  encryption: ChannelEncryption | undefined
  readonly #owner: LocalUpgradeOwner
  readonly #conversation: Conversation
  readonly #fail: (reason: CloseReason) => void
  #peer!: LocalUpgrade
  #plan: HandshakePlan | undefined
  #isOver = false
  #settle: { readonly resolve: () => void; readonly reject: (error: MillraceError) => void } | undefined
  #deadline: AwaitedDeadline | undefined

  /** `fail` ends both sides of the channel. */
  constructor(owner: LocalUpgradeOwner, conversation: Conversation, fail: (reason: CloseReason) => void) {
    this.#owner = owner
    this.#conversation = conversation
    this.#fail = fail
  }

  static connect(near: LocalUpgrade, far: LocalUpgrade): void {
    near.#peer = far
    far.#peer = near
  }

  /** The program asks for encryption. Resolves when the other end has asked as well. */
  begin(given: SharedKeyEncryption): Promise<void> {
    const options = parseSharedKey(given, 'setEncryption')
    if (this.#settle !== undefined)
      throw new MillraceError('already-open', 'setEncryption was called on this channel before')
    const { turns, limits, crypto } = this.#owner
    const loader = crypto.encryption
    if (loader === undefined)
      throw new MillraceError('unsupported', 'this platform brings no code that encrypts')
    const done = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // A program that only listens for the end of the channel need not catch this as well.
    done.catch(() => {})
    this.#deadline = turns.awaitedDeadline({ due: () => this.#late() })
    this.#deadline.setIn(limits.handshakeTimeoutMs)
    if (loader.loaded !== undefined) this.#ask(loader.loaded, options)
    else {
      loader.load().then(
        (code) => this.#ask(code, options),
        (error: unknown) => this.#refuse(`its code was not loaded: ${causeText(error)}`),
      )
    }
    return done
  }

  /** The channel ended. */
  end(): void {
    this.#isOver = true
    this.#deadline?.cancel()
    this.#plan?.handshake.abandon()
    this.#settle?.reject(new MillraceError('channel-closed', 'the channel ended before it was encrypted'))
  }

  #ask(code: EncryptionCode, options: SharedKeyEncryption): void {
    if (this.#isOver) return
    this.#plan = code.plan(options, this.#conversation.role, 'channel')
    const theirs = this.#peer.#plan
    if (theirs === undefined) return
    if (this.#conversation.role === 'opened') this.#shake(code, this.#plan, theirs)
    else this.#peer.#shake(code, theirs, this.#plan)
  }

  /** The opening end: both have asked. */
  #shake(code: EncryptionCode, mine: HandshakePlan, theirs: HandshakePlan): void {
    const result = code.meet(mine, theirs)
    if ('code' in result) return this.#refuse(result.what)
    this.encryption = result.opened
    this.#peer.encryption = result.accepted
    for (const end of [this, this.#peer]) {
      end.#deadline?.cancel()
      end.#settle?.resolve()
    }
  }

  #late(): void {
    const { handshakeTimeoutMs } = this.#owner.limits
    this.#refuse(`it was asked for, and the other end did not within ${handshakeTimeoutMs} ms`)
  }

  #refuse(what: string): void {
    if (this.#isOver) return
    const error = new MillraceError('encryption-failed', `the channel cannot be encrypted: ${what}`)
    for (const end of [this, this.#peer]) end.#settle?.reject(error)
    this.#fail({ code: 'encryption-failed', what })
  }
}
