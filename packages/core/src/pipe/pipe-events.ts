import { runCallback } from '../base/callback.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { Side } from '../base/messages.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import type { StrayDatagram } from '../ports/transport.ts'
import type { Turns } from '../turn/turns.ts'

/**
 * What happens on a pipe, and what its handlers are called with. `connected` and `destroy` come right after the turn in
 * which the outcome was known, all others in the pipe's turn; but an end that the program causes itself, by `destroy` or by
 * a `send` under the policy `close`, is told inside that very call. Unless the library gives the turns, all are told in
 * `process()` alone: what happens in between waits for its next call.
 */
export interface PipeEvents<Messages extends object, PipeType = unknown, Data = unknown> {
  /** A peer opened a channel to this pipe, and both sides have agreed. Attempts that fail are told to `error`. */
  accepted: (pipe: PipeType, channel: Channel<Messages, 'server', Data>, error: undefined) => void
  /** An `open` of this pipe has ended: with a channel, or without one (`undefined`) and with the error instead. */
  connected: (
    pipe: PipeType,
    channel: Channel<Messages, 'client', Data> | undefined,
    error: MillraceError | undefined,
  ) => void
  /** A channel of this pipe has ended: exactly once for each that was accepted or connected. */
  close: (pipe: PipeType, channel: Channel<Messages, Side, Data>, reason: CloseReason) => void
  /** A datagram came to a bound pipe over `udp` that is no packet of a channel: for a stateless service on the same port. */
  datagram: (pipe: PipeType, datagram: StrayDatagram) => void
  /** The pipe was destroyed, and nothing of it is left. Exactly once. */
  destroy: (pipe: PipeType) => void
  /** Something went wrong, and the pipe lives on: a handler threw, a peer was refused, a connection could not be taken. */
  error: (pipe: PipeType, error: MillraceError, channel: Channel<Messages, Side, Data> | undefined) => void
}

/** The names of a pipe's events. */
export type PipeEvent = keyof PipeEvents<object>

/** The names of a pipe's events, for those who check. */
const pipeEventNames: readonly PipeEvent[] = [
  'accepted',
  'connected',
  'close',
  'datagram',
  'destroy',
  'error',
]

type Run = (...values: unknown[]) => unknown

/** Keeps the handlers of a pipe. A handler that throws stops neither the others nor the pipe. */
export class PipeHandlers {
  readonly #turns: () => Turns | undefined
  readonly #failed: (error: unknown, event: PipeEvent) => void
  readonly #handlers = new Map<PipeEvent, Run[]>()

  /** `turns`: those of the pipe, once it has some. */
  constructor(turns: () => Turns | undefined, failed: (error: unknown, event: PipeEvent) => void) {
    this.#turns = turns
    this.#failed = failed
  }

  /** Throws `argument-invalid` for an event that there isn't. */
  add(event: PipeEvent, handler: Run): void {
    if (!pipeEventNames.includes(event)) {
      const text = `no pipe event '${event}'; there are: ${pipeEventNames.join(', ')}; messages come by channel.on`
      throw new MillraceError('argument-invalid', text)
    }
    if (typeof handler !== 'function') {
      throw new MillraceError('argument-invalid', `on('${event}') wants a function; got ${typeof handler}`)
    }
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler])
  }

  remove(event: PipeEvent, handler: Run): void {
    const left = (this.#handlers.get(event) ?? []).filter((other) => other !== handler)
    this.#handlers.set(event, left)
  }

  has(event: PipeEvent): boolean {
    return (this.#handlers.get(event)?.length ?? 0) > 0
  }

  /** Those of the pipe, once it has some. */
  get turns(): Turns | undefined {
    return this.#turns()
  }

  /** How many calls wait for the next turn of the program. */
  get deferredCount(): number {
    return this.#turns()?.deferredCount ?? 0
  }

  /** Calls the handlers of an event, now or at the beginning of the program's next turn. */
  emit(event: PipeEvent, ...values: unknown[]): void {
    if (!this.has(event)) return
    const turns = this.#turns()
    if (turns === undefined) this.#run(event, values)
    else turns.call(() => this.#run(event, values))
  }

  #run(event: PipeEvent, values: unknown[]): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      runCallback(
        () => handler(...values),
        (error) => this.#failed(error, event),
      )
    }
  }
}
