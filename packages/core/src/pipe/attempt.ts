import type { CancelSignal } from '../base/cancel.ts'
import { Cancel } from '../base/cancel.ts'
import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { AwaitedDeadline } from '../turn/deadline.ts'
import type { Turns } from '../turn/turns.ts'

/** What becomes a channel, as far as an attempt to open it can end it. */
interface Greeting {
  fail(reason: CloseReason): void
}

/** How long an attempt may take, in milliseconds. */
interface AttemptTimes {
  /** Until the link is there; undefined: that and what follows have `handshakeTimeoutMs` together. */
  readonly connectTimeoutMs: number | undefined
  readonly handshakeTimeoutMs: number
}

/**
 * One `open` under way. Ends at the program's signal, with its pipe, or when its time is over, whatever it waits for then: that the link
 * is there, that the peer says hello, or that this pipe is given a turn.
 */
export class Attempt {
  readonly #turns: Turns
  readonly #times: AttemptTimes
  readonly #address: string
  readonly #cancel = new Cancel()
  readonly #unfollow: () => void
  readonly #deadline: AwaitedDeadline
  #turnsBefore: number
  #greeting: Greeting | undefined

  constructor(turns: Turns, times: AttemptTimes, address: string, signal: CancelSignal | undefined) {
    this.#turns = turns
    this.#times = times
    this.#address = address
    this.#turnsBefore = turns.count
    this.#unfollow = this.#cancel.follow(signal)
    this.#deadline = turns.awaitedDeadline({ due: () => this.#late() })
    this.#deadline.setIn(times.connectTimeoutMs ?? times.handshakeTimeoutMs)
  }

  /** Given when the attempt is to end, with the error that `open` rejects with. */
  get signal(): CancelSignal {
    return this.#cancel
  }

  /** There is a connection: both sides say hello. */
  greets(greeting: Greeting): void {
    this.#greeting = greeting
    if (this.#times.connectTimeoutMs === undefined) return
    this.#turnsBefore = this.#turns.count
    this.#deadline.setIn(this.#times.handshakeTimeoutMs)
  }

  abort(error: unknown): void {
    this.#cancel.abort(error)
  }

  /** It has ended, one way or the other. */
  end(): void {
    this.#deadline.cancel()
    this.#unfollow()
  }

  #late(): void {
    const { connectTimeoutMs, handshakeTimeoutMs } = this.#times
    const isApart = this.#greeting === undefined && connectTimeoutMs !== undefined
    const name = isApart ? 'connectTimeoutMs' : 'handshakeTimeoutMs'
    const within = `within ${this.#times[name]} ms (${name})`
    if (this.#greeting === undefined) {
      const text = `cannot connect to ${this.#address}: there was no response ${within}`
      this.abort(new MillraceError('connect-failed', text))
    } else if (this.#turns.count === this.#turnsBefore) {
      const text = `cannot open ${this.#address}: the pipe got no turn ${within}; its program or driver must call process()`
      this.abort(new MillraceError('handshake-failed', text))
    } else this.#greeting.fail({ code: 'handshake-timeout', timeoutMs: handshakeTimeoutMs })
  }
}
