import { SegmentBuffer } from '@millrace/buffer'
import { cipherSteps as steps } from '../base/cipher-steps.ts'
import { type CloseReason, describeReason } from '../base/close-reason.ts'
import type { SharedKeyEncryption } from '../base/encryption-options.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import { parseSharedKey } from '../base/parse-encryption.ts'
import type {
  ChannelEncryptionOwner,
  ChannelEncryptionSteps,
  EncryptionCode,
  EncryptionLoader,
} from '../ports/encryption.ts'
import type { HandshakePlan, TurnClock } from '../ports/sealing.ts'
import { ClearPhase } from './clear-phase.ts'
import { SealingLayer } from './sealing-layer.ts'

/**
 * Begins encryption on an open channel. The opening side sends the first message of the handshake, the accepting side answers with the second, when
 * the program there has asked for encryption too, and seals from the next byte on; the opening side says `last` and does the same. What
 * is sent after the call waits until its side seals, so that nothing of it is ever in clear, and keeps its order.
 */
export class EncryptionUpgrade implements ChannelEncryptionSteps {
  readonly #loader: EncryptionLoader
  readonly #owner: ChannelEncryptionOwner
  #code: EncryptionCode | undefined
  /** In the link from the call of `setEncryption` on. */
  #layer: SealingLayer | undefined
  #plan: HandshakePlan | undefined
  #state: 'asked' | 'idle' | 'shaking' | 'half' | 'sealed' | 'over' = 'idle'
  /** The first message, if the peer asked before the program did. */
  #first: Uint8Array | undefined
  /** Bytes of the peer before its step. */
  #heard = 0
  readonly #clear: ClearPhase
  #settle: { readonly resolve: () => void; readonly reject: (error: MillraceError) => void } | undefined
  readonly #deadline: ReturnType<TurnClock['deadline']>

  constructor(loader: EncryptionLoader, owner: ChannelEncryptionOwner) {
    this.#loader = loader
    this.#owner = owner
    this.#clear = new ClearPhase(owner)
    this.#deadline = owner.turns.deadline({ due: () => this.#late() })
    // A step that is read when the link is gone already begins nothing.
    if (owner.link.state === 'gone') this.#state = 'over'
  }

  begin(given: SharedKeyEncryption): Promise<void> {
    const { sendQueue, session, link } = this.#owner
    const options = parseSharedKey(given, 'setEncryption')
    const { encodeCipherStep, takeRest, clearPhase } = session
    if (encodeCipherStep === undefined || takeRest === undefined || clearPhase === undefined) {
      throw new MillraceError(
        'unsupported',
        'the protocol of this channel cannot begin to encrypt: encrypt its pipe',
      )
    }
    if (this.#settle !== undefined || this.#state === 'over' || this.#plan !== undefined)
      throw new MillraceError('already-open', 'setEncryption was called on this channel before')
    this.#owner.flush()
    this.#layer = new SealingLayer(link, sendQueue.inFlight)
    link.putLayer(this.#layer)
    this.#owner.regulate()
    this.#expect()
    const done = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // A program that only listens for the end of the channel need not catch this as well.
    done.catch(() => {})
    const { loaded } = this.#loader
    if (loaded !== undefined) this.#shake(loaded, options)
    else this.#load(options)
    return done
  }

  came(step: number, message: Uint8Array): void {
    const { role, session } = this.#owner
    // The link is gone. Behind a step stands nothing in clear: what can't be opened any more must not be taken for frames.
    if (this.#state === 'over') {
      session.takeRest?.()
      return
    }
    if (session.encodeCipherStep !== undefined && session.clearPhase !== undefined)
      this.#heard = this.#clear.heardBefore(session.encodeCipherStep(step, message).length)
    if (role === 'accepted' && step === steps.first && this.#state === 'idle') {
      this.#first = message
      this.#state = 'asked'
      this.#expect()
    } else if (role === 'accepted' && step === steps.first && this.#state === 'shaking') this.#answer(message)
    else if (role === 'accepted' && step === steps.last && this.#state === 'half') this.#open()
    else if (role === 'opened' && step === steps.second && this.#state === 'shaking') this.#conclude(message)
    else this.#refuse(`step ${step} of the encryption came out of turn`)
  }

  end(reason: CloseReason): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#deadline.cancel()
    this.#plan?.handshake.abandon()
    const code = reason.code === 'encryption-failed' ? reason.code : 'channel-closed'
    const text = `the channel ended before it was encrypted: ${describeReason(reason)}`
    this.#settle?.reject(new MillraceError(code, text))
  }

  #load(options: SharedKeyEncryption): void {
    this.#loader.load().then(
      (code) => {
        if (this.#state !== 'over') this.#shake(code, options)
      },
      (error: unknown) => {
        if (this.#state !== 'over') this.#refuse(`its code was not loaded: ${causeText(error)}`)
      },
    )
  }

  #shake(code: EncryptionCode, options: SharedKeyEncryption): void {
    const { role } = this.#owner
    this.#code = code
    this.#plan = code.plan(options, role, 'channel')
    this.#state = 'shaking'
    if (role === 'opened') this.#step(steps.first, this.#plan.handshake.write(this.#clear.claim()))
    else if (this.#first !== undefined) this.#answer(this.#first)
  }

  #answer(first: Uint8Array): void {
    const handshake = this.#plan!.handshake
    if (!this.#read(first)) return
    this.#step(steps.second, handshake.write(this.#clear.claim()))
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
      const claim = this.#plan!.handshake.read(message)
      const fault = this.#clear.faultOf(claim, this.#heard)
      if (fault !== '') this.#refuse(fault)
      return fault === ''
    } catch (error) {
      const failure = this.#code!.failureOf(error)
      if (failure === undefined) throw error
      this.#refuse(`the handshake failed: ${failure}`)
      return false
    }
  }

  #step(step: number, message: Uint8Array): void {
    const { session, pool } = this.#owner
    const buffer = new SegmentBuffer(pool)
    buffer.append(session.encodeCipherStep!(step, message))
    this.#layer!.pass(buffer.take())
  }

  /** From here on everything that is sent is sealed. */
  #seal(): void {
    const owner = this.#owner
    const { link, pool, turns, limits } = owner
    this.#layer!.sealWith(
      this.#code!.sealFromHere(link.below, { pool, turns, limits, plan: this.#plan! }, link.above),
    )
    owner.sealed()
  }

  /** From here on everything that comes is sealed, and so is what came already behind the last frame. */
  #open(): void {
    const { session } = this.#owner
    this.#state = 'sealed'
    this.#deadline.cancel()
    this.#settle?.resolve()
    this.#settle = undefined
    // It may be the link's memory still, of which `keep` would save the last record alone when readers are behind.
    this.#layer!.openWith(session.takeRest!().map((bytes) => new Uint8Array(bytes)))
  }

  #expect(): void {
    if (!this.#deadline.isSet) this.#deadline.setIn(this.#owner.limits.handshakeTimeoutMs)
  }

  #late(): void {
    const who =
      this.#state === 'asked' && this.#settle === undefined
        ? 'setEncryption was not called here'
        : 'the peer did not continue it'
    this.#refuse(`it was asked for, and ${who} within ${this.#owner.limits.handshakeTimeoutMs} ms`)
  }

  #refuse(what: string): void {
    this.#settle?.reject(new MillraceError('encryption-failed', `the channel cannot be encrypted: ${what}`))
    this.#settle = undefined
    const { isOpen, link, endReason } = this.#owner
    if (isOpen) this.#owner.fail({ code: 'encryption-failed', what })
    // A close that waits for this waits in vain.
    else if (link.isHolding) this.#owner.destroy(endReason)
  }
}
