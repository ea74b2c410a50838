import { runCallback } from '../base/callback.ts'
import type { DatagramSession } from '../ports/protocol.ts'
import type { Address } from '../ports/transport.ts'
import type { Deadline } from '../turn/deadline.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'

/** Datagrams that wait for the pipe's turn; later ones are dropped and counted, as the network would. */
const waitingMax = 4096

/** Carries a datagram protocol: what the socket brings waits for the pipe's turn. */
export class DatagramCarrier implements TurnTaker {
  isReady = false
  isDirty = false
  /** Datagrams processed, and dropped because too many waited. */
  received = 0
  dropped = 0
  readonly #turns: Turns
  readonly #session: DatagramSession
  readonly #failed: (error: unknown) => void
  readonly #deadline: Deadline
  #waiting: { readonly bytes: Uint8Array; readonly from: Address }[] = []

  constructor(turns: Turns, session: DatagramSession, failed: (error: unknown) => void) {
    this.#turns = turns
    this.#session = session
    this.#failed = failed
    this.#deadline = turns.deadline({ due: (now) => this.#due(now) })
    this.#turns.later(this)
  }

  /** Stores a datagram for the next turn. */
  store(bytes: Uint8Array, from: Address): void {
    if (this.#waiting.length >= waitingMax) this.dropped++
    else this.#waiting.push({ bytes, from })
    this.#turns.event(this)
  }

  process(now: number): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { bytes, from } of waiting) {
      this.received++
      runCallback(() => this.#session.receive(bytes, from, now), this.#failed)
    }
    runCallback(() => this.#session.process?.(now), this.#failed)
    runCallback(
      () => this.#deadline.set(this.#session.deadline?.() ?? Number.POSITIVE_INFINITY),
      this.#failed,
    )
  }

  flush(): void {}

  /** Wants no more turns. */
  end(): void {
    this.#deadline.cancel()
    this.#waiting = []
  }

  #due(now: number): void {
    if (this.#turns.isQuiet) this.#turns.list(this)
    else this.process(now)
  }
}
