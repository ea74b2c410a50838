import type { BlockPool } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { CancelSignal } from '../base/cancel.ts'
import { reasonError } from '../base/close-reason.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { LocalHandshakeResult, PipeEncryption } from '../ports/encryption.ts'
import type { Protocol } from '../ports/protocol.ts'
import type { Address } from '../ports/transport.ts'
import type { Deadline } from '../turn/deadline.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import { LocalCarrier, type LocalCarrierOwner } from './local-carrier.ts'

/** One thing to do in a pipe's turn. */
class TurnTask implements TurnTaker {
  isReady = false
  isDirty = false
  readonly process: () => void

  constructor(process: () => void) {
    this.process = process
  }

  flush(): void {}
}

/** Where a local channel leads, and what it speaks. */
interface LocalTarget {
  readonly address: Address
  readonly protocol: Protocol
  readonly protocolName: string
}

/** Waits for the outcome of one `open`. */
interface LocalWaiter {
  /** What this side says about itself. */
  readonly data: Uint8Array
  resolve(channel: Channel): void
  reject(error: MillraceError): void
}

/** One `open` under way, as far as it matters here. */
interface LocalAttempt {
  readonly signal: CancelSignal
  greets(greeting: LocalCarrier): void
}

/** The channels of a pipe, as far as it matters here. */
interface LocalRegistry extends LocalCarrierOwner {
  readonly pool: BlockPool
  /** What a peer is told while no channel can open here. */
  readonly refusal: Goodbye | undefined
  converse(role: 'accepted' | 'opened'): Conversation
  add(conversation: Conversation, opening?: LocalWaiter): void
  channelToBe(conversation: Conversation): Channel | undefined
  admit(conversation: Conversation, data: Uint8Array, decided: () => void): 'yes' | 'later' | Goodbye
}

/** A pipe, as far as it matters here. */
interface LocalEnd {
  readonly registry: LocalRegistry
  readonly encryption: PipeEncryption | undefined
}

/** A pipe that is bound, as far as it matters here. */
interface BoundLocalEnd extends LocalEnd {
  readonly target: LocalTarget
}

/** Opens a channel between two pipes of one process. */
export type OpenLocal = typeof openLocal

/** Opens a channel to the pipe of this process that is bound at the target. */
export function openLocal(
  opener: LocalEnd,
  { address, protocol, protocolName }: LocalTarget,
  acceptor: BoundLocalEnd | undefined,
  attempt: LocalAttempt,
  data: Uint8Array,
): Promise<Channel> {
  if (acceptor === undefined) {
    const text = `no pipe of this process is bound at ${address.text}; bind one first, or open('remote')`
    throw new MillraceError('connect-failed', text)
  }
  if (acceptor.target.protocol !== protocol) {
    const names = `'${acceptor.target.protocolName}', this one '${protocolName}'`
    throw new MillraceError('protocol-mismatch', `the pipe at ${address.text} speaks ${names}`)
  }
  return openBetween(opener, acceptor, attempt, data)
}

/** Each end opens in its own pipe's turn, the accepting one first. */
function openBetween(
  opener: LocalEnd,
  acceptor: LocalEnd,
  attempt: LocalAttempt,
  data: Uint8Array,
): Promise<Channel> {
  const { signal } = attempt
  return new Promise((resolve, reject) => {
    let greeting: LocalCarrier | undefined
    const aborted = () => {
      reject(signal.reason)
      if (greeting?.conversation.state === 'handshaking') greeting.destroy()
    }
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    const accept = () => {
      if (signal.aborted) return
      const { refusal } = acceptor.registry
      if (refusal !== undefined) return reject(refusedError(refusal))
      const near = opener.registry.converse('opened')
      const far = acceptor.registry.converse('accepted')
      const [opened, accepted] = LocalCarrier.pair(opener.registry, near, acceptor.registry, far)
      greeting = opened
      attempt.greets(opened)
      opener.registry.add(near, { resolve, reject, data })
      acceptor.registry.add(far)
      far.openData = data
      const settle = () => opened.settle()
      const open = () => {
        opened.open()
        opener.registry.turns.settle(new TurnTask(settle))
      }
      const begin = () => {
        accepted.open()
        opener.registry.turns.later(new TurnTask(open))
      }
      new LocalHandshake(opener, acceptor, opened, accepted).run(begin)
    }
    acceptor.registry.turns.later(new TurnTask(accept))
  })
}

/** What stands before a local channel: the handshake of pipes that are encrypted, and the accepting program's word. */
class LocalHandshake {
  readonly #opener: LocalEnd
  readonly #acceptor: LocalEnd
  readonly #opened: LocalCarrier
  readonly #accepted: LocalCarrier
  readonly #late: Deadline

  constructor(opener: LocalEnd, acceptor: LocalEnd, opened: LocalCarrier, accepted: LocalCarrier) {
    this.#opener = opener
    this.#acceptor = acceptor
    this.#opened = opened
    this.#accepted = accepted
    this.#late = acceptor.registry.turns.deadline({
      due: () => accepted.fail({ code: 'handshake-timeout', timeoutMs: this.#patienceMs }),
    })
  }

  /** Calls `begin` in a turn of the accepting pipe, or ends both sides. */
  run(begin: () => void): void {
    const { turns } = this.#acceptor.registry
    if (this.#opener.encryption === undefined && this.#acceptor.encryption === undefined)
      return this.#admit(begin)
    this.#late.setIn(this.#patienceMs)
    const settle = (result: LocalHandshakeResult) =>
      turns.later(new TurnTask(() => this.#settle(result, begin)))
    this.#shake().then(settle, (error: unknown) => settle(failed(causeText(error))))
  }

  get #patienceMs(): number {
    return Math.min(
      this.#opener.registry.limits.handshakeTimeoutMs,
      this.#acceptor.registry.limits.handshakeTimeoutMs,
    )
  }

  async #shake(): Promise<LocalHandshakeResult> {
    const [opener, acceptor] = [this.#opener, this.#acceptor]
    if (opener.encryption === undefined)
      return failed('the pipe that is bound there encrypts, this one does not')
    if (acceptor.encryption === undefined)
      return failed('this pipe encrypts, the one that is bound there does not')
    return opener.encryption.code.meetAsking(
      opener.encryption.side('opened', opener.registry, () =>
        opener.registry.channelToBe(this.#opened.conversation),
      ),
      acceptor.encryption.side('accepted', acceptor.registry, () =>
        acceptor.registry.channelToBe(this.#accepted.conversation),
      ),
    )
  }

  #settle(result: LocalHandshakeResult, begin: () => void): void {
    this.#late.cancel()
    if (!this.#isWaiting) return
    if ('code' in result) return this.#accepted.fail(result)
    this.#opened.encryption = result.opened
    this.#accepted.encryption = result.accepted
    this.#admit(begin)
  }

  /** Asks the accepting pipe, as often as it takes. */
  #admit(begin: () => void): void {
    this.#late.cancel()
    if (!this.#isWaiting) return
    const { registry } = this.#acceptor
    const { conversation } = this.#accepted
    const again = () => registry.turns.later(new TurnTask(() => this.#admit(begin)))
    const answer = registry.admit(conversation, conversation.openData, again)
    if (answer === 'later') return this.#late.setIn(this.#patienceMs)
    if (answer === 'yes') return begin()
    const { code: why, appCode, text } = answer
    this.#accepted.fail({ code: 'refused', why, appCode, text })
  }

  get #isWaiting(): boolean {
    const states = [this.#accepted.conversation.state, this.#opened.conversation.state]
    return states.every((state) => state === 'handshaking')
  }
}

function refusedError({ code: why, appCode, text }: Goodbye): MillraceError {
  return reasonError({ code: 'refused', why, appCode, text }, 'the pipe did not open a channel')
}

function failed(what: string): LocalHandshakeResult {
  return { code: 'encryption-failed', what }
}
