import type { Goodbye } from '@millrace/wire'
import { watchResult } from '../base/callback.ts'
import type { CloseReason } from '../base/close-reason.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { Protocol, SessionHost, StreamSession } from '../ports/protocol.ts'

/** What a guard tells. */
export interface SessionGuardOwner {
  /** The session threw something that is not the program's. */
  sessionFailed(error: unknown): void
}

/**
 * Stands before a session, which may be a third party's: what it throws, or rejects with, ends its own channel, and nothing else. A session that has thrown is
 * asked for its last words and its memory, and for nothing else. What its encoders throw is for the program that sends.
 */
export class SessionGuard {
  readonly #session: StreamSession
  readonly #owner: SessionGuardOwner
  #isStarted = false
  #isBroken = false

  constructor(session: StreamSession, owner: SessionGuardOwner) {
    this.#session = session
    this.#owner = owner
  }

  /** What the stored, undelivered bytes cost in memory. */
  get stored(): number {
    if (this.#isBroken) return 0
    try {
      const { stored } = this.#session
      // What is no number must not spoil sums.
      return stored > 0 ? Math.min(stored, Number.MAX_SAFE_INTEGER) : 0
    } catch (error) {
      this.#broken(error)
      return 0
    }
  }

  /** Begins, the first time that it is called. */
  start(now: number): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#run(() => this.#session.start(now))
  }

  receive(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.#isBroken) return
    const session = this.#session
    try {
      const kept = ownership === 'lent' && session.keep === undefined ? new Uint8Array(bytes) : bytes
      this.#watch(session.receive(kept))
    } catch (error) {
      this.#broken(error)
    }
  }

  keep(): void {
    if (this.#isBroken) return
    try {
      this.#watch(this.#session.keep?.())
    } catch (error) {
      this.#broken(error)
    }
  }

  process(now: number): void {
    if (this.#isBroken) return
    try {
      this.#watch(this.#session.process(now))
    } catch (error) {
      this.#broken(error)
    }
  }

  ping(now: number): void {
    this.#run(() => this.#session.ping?.(now))
  }

  pong(): void {
    this.#run(() => this.#session.pong?.())
  }

  /** One that has not begun has no last words either. */
  goodbye(goodbye: Goodbye): void {
    if (this.#isStarted) this.#attempt(() => this.#session.goodbye?.(goodbye))
  }

  linkEnded(): CloseReason {
    let reason: CloseReason = { code: 'link-ended' }
    this.#attempt(() => {
      reason = this.#session.linkEnded()
    })
    return reason
  }

  release(): void {
    this.#attempt(() => this.#session.release())
  }

  #run(call: () => unknown): void {
    if (!this.#isBroken) this.#attempt(call)
  }

  #attempt(call: () => unknown): void {
    try {
      this.#watch(call())
    } catch (error) {
      this.#broken(error)
    }
  }

  /** Methods that return nothing may as well be async. */
  #watch(result: unknown): void {
    if (result !== undefined) watchResult(result, (error) => this.#broken(error))
  }

  #broken(error: unknown): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#owner.sessionFailed(error)
  }
}

/** Makes a session. Throws `unsupported` for a protocol that has none, and `handshake-failed` with what it throws. */
export function makeSession(protocol: Protocol, host: SessionHost): StreamSession {
  if (protocol.session === undefined) {
    throw new MillraceError('unsupported', `the protocol '${protocol.label}' works on datagrams only`)
  }
  try {
    return protocol.session(host)
  } catch (cause) {
    const text = `the protocol '${protocol.label}' made no session: ${causeText(cause)}`
    throw new MillraceError('handshake-failed', text, { cause })
  }
}
