import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'
import type { CipherPair, TokenHolder, TokenRefusal } from '@millrace/cipher'
import { isThenable } from '../base/callback.ts'
import type { Handshake } from '../base/handshake.ts'
import { causeText } from '../base/millrace-error.ts'
import type { Authorise, HandshakePlan, HandshakeSide } from '../ports/sealing.ts'
import { isCipherError } from './cipher-error.ts'

/** Before each message stands its size. */
const sizeSize = 2

/** So much of the peer's may wait for an answer of `authorise`. */
export const waitingSizeMax = 65_536

/** What a handshake tells the link that it is for. */
export interface LinkHandshakeOwner {
  /** Sends these bytes in clear; at the latest with what comes of `agreed`, if that follows at once. */
  say(bytes: Uint8Array, next: 'agreed' | 'waits'): void
  /** Both sides have the keys. What came behind the last message is `rest`, lent for the call. */
  agreed(pair: CipherPair, rest: Uint8Array): void
  /** The program has let in whom the link had asked about. */
  admitted(): void
  /** `tokenRefusal`: why the connect token of the peer was, if that is the reason. */
  refused(what: string, tokenRefusal?: TokenRefusal): void
}

/**
 * The handshake of one link: messages with their sizes before them, and the question whether the peer may come in. It is asked as soon as
 * the peer's key is known not to be a recording: by then, mostly, its last message has come. With `IK` that can't be told from messages:
 * `mustAsk` says that the link has to `ask` when it has opened a record.
 */
export class LinkHandshake {
  readonly #owner: LinkHandshakeOwner
  readonly #handshake: Handshake
  readonly #plan: HandshakePlan
  readonly #stored: ReceiveBuffer
  #authorise: Authorise | undefined
  /** The peer by its proven key, or by its token. */
  #peer: Uint8Array | TokenHolder | undefined
  #state: 'talking' | 'asking' | 'agreed' | 'over' = 'talking'

  constructor(owner: LinkHandshakeOwner, { plan, authorise }: HandshakeSide, pool: BlockPool) {
    this.#owner = owner
    this.#handshake = plan.handshake
    this.#plan = plan
    this.#authorise = authorise
    this.#stored = new ReceiveBuffer(pool, { sizeMax: waitingSizeMax + sizeSize })
  }

  /** Bytes of the peer that were not read yet. */
  get stored(): number {
    return this.#stored.size
  }

  /** Whether `authorise` has to be asked about the peer. */
  get mustAsk(): boolean {
    return this.#authorise !== undefined && this.#peer !== undefined
  }

  /** Who came with a connect token, if one did. */
  get proven(): { readonly holder?: TokenHolder } {
    const { holder } = this.#handshake
    return holder === undefined ? {} : { holder }
  }

  start(): void {
    if (this.#handshake.turn === 'write') this.#write()
  }

  /** Bytes of the peer, until both sides have the keys. */
  received(bytes: Uint8Array): void {
    if (this.#stored.append(bytes) === 'full')
      return this.#owner.refused('more than a handshake came before it was over')
    this.#read()
  }

  /** Asks whether the peer may come in. */
  ask(): void {
    let verdict: unknown
    let later: Promise<unknown> | undefined
    try {
      verdict = this.#authorise!(this.#peer!)
      if (isThenable(verdict)) later = Promise.resolve(verdict)
    } catch (error) {
      return this.#owner.refused(`authorise failed: ${causeText(error)}`)
    }
    if (later === undefined) return this.#decided(verdict)
    const isTalking = this.#state === 'talking'
    this.#state = 'asking'
    later.then(
      (answer) => this.#decidedLater(answer, isTalking ? 'talking' : 'agreed'),
      (error: unknown) => {
        if (this.#state === 'asking') this.#owner.refused(`authorise failed: ${causeText(error)}`)
      },
    )
  }

  /** Gives up, or is not needed any more: overwrites the secrets and gives all memory back. */
  end(): void {
    this.#state = 'over'
    this.#handshake.abandon()
    this.#stored.release()
  }

  #decidedLater(verdict: unknown, state: 'talking' | 'agreed'): void {
    if (this.#state !== 'asking') return
    this.#state = state
    this.#watchdoged(() => this.#decided(verdict))
    this.#read()
  }

  /** Only `true` admits a peer: an answer that was forgotten must not. */
  #decided(verdict: unknown): void {
    if (verdict !== true) return this.#owner.refused(refusalText(this.#peer))
    this.#authorise = undefined
    if (this.#state === 'agreed') this.#owner.admitted()
    else this.#answer()
  }

  /** Reads the messages that are there, and replies to them. */
  #read(): void {
    const stored = this.#stored
    while (this.#state === 'talking' && stored.size >= sizeSize) {
      const { bytes, start } = stored
      const size = bytes[start] | (bytes[start + 1] << 8)
      const sizeMax = this.#handshake.overhead
      if (size > sizeMax) {
        const text = `a handshake message of ${size} bytes was announced; this one has ${sizeMax} at most`
        return this.#owner.refused(`the handshake failed: ${text}`)
      }
      if (stored.size < sizeSize + size) return
      const message = bytes.slice(start + sizeSize, start + sizeSize + size)
      stored.consume(sizeSize + size)
      this.#watchdoged(() => {
        this.#handshake.read(message)
        this.#goOn()
      })
    }
  }

  /** After each message of the peer: asks whether it may go on, once its key is known, and then answers. */
  #goOn(): void {
    const { role, turn, remoteStatic, holder, failure } = this.#handshake
    if (failure !== undefined) return this.#owner.refused(failure.what, failure.tokenRefusal)
    if (remoteStatic !== undefined && !this.#plan.isExpected(remoteStatic))
      return this.#owner.refused('the key of the peer is not peerKey')
    this.#peer = holder ?? remoteStatic
    // A key that came before this side has said anything (IK) may be a recording: only a peer that can seal what follows has it. A token is taken once.
    const isProven = role === 'initiator' || turn === 'split' || holder !== undefined
    if (isProven && this.mustAsk) this.ask()
    else this.#answer()
  }

  #answer(): void {
    if (this.#handshake.turn === 'write') this.#write()
    if (this.#handshake.turn === 'split') this.#agree()
  }

  /** Says what is this side's turn to say: a message, or a token and the message behind it. */
  #write(): void {
    let bytes = new Uint8Array(0)
    while (this.#handshake.turn === 'write') bytes = withMessage(bytes, this.#handshake.write())
    this.#owner.say(bytes, this.#handshake.turn === 'split' ? 'agreed' : 'waits')
  }

  #agree(): void {
    const { bytes, start, end } = this.#stored
    this.#state = 'agreed'
    this.#owner.agreed(this.#handshake.split(), bytes.subarray(start, end))
  }

  #watchdoged(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isCipherError(error)) throw error
      this.#owner.refused(`the handshake failed: ${error.message}`)
    }
  }
}

/** Why a peer is told nothing more, in words for this side. */
export function refusalText(peer: Uint8Array | TokenHolder | undefined): string {
  return `authorise refused the ${peer instanceof Uint8Array ? 'key of the peer' : 'holder of the token'}`
}

/** Bytes, and behind them a message with its size before it. */
function withMessage(before: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = before.length
  const bytes = new Uint8Array(at + sizeSize + message.length)
  bytes.set(before)
  bytes[at] = message.length
  bytes[at + 1] = message.length >> 8
  bytes.set(message, at + sizeSize)
  return bytes
}
