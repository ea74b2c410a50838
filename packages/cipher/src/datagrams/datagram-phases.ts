import { PREVIOUS_KEY_KEEP_MS } from '../base/limits.ts'
import type { ReceiveState } from '../noise/handshake-state.ts'

/** Which key a datagram has: one of the three, or none that is kept any more, or one that comes too soon. */
export type PhaseChoice = 'current' | 'next' | 'previous' | 'stale' | 'early'

/**
 * The receiving keys of datagrams. The next one is made before it is needed, so that a change takes no longer than any datagram, and
 * the one before is kept for 5 s, for what was overtaken on its way. After RFC 9001 section 6: one bit tells the phase, and where it
 * differs the counter tells on which side of the change a datagram lies.
 */
export class DatagramPhases {
  /** How many changes there were. */
  phase = 0
  #current: ReceiveState
  #next: ReceiveState
  #previous: ReceiveState | undefined
  #previousEnd = 0
  /** The smallest counter that was authentic with the current key. */
  #first = ZERO
  /** The same of the phase before, and of the one before that. */
  #previousFirst = ZERO
  #olderFirst = ZERO

  constructor(state: ReceiveState) {
    this.#current = state
    this.#next = state.rekeyed()
  }

  /** Whether the key before is still kept. */
  get hasPrevious(): boolean {
    return this.#previous !== undefined
  }

  /** Forgets the key before, if its time is over. */
  settle(now: number): void {
    if (this.#previous === undefined || now < this.#previousEnd) return
    this.#previous.wipe('This key was replaced')
    this.#previous = undefined
  }

  /**
   * Which key to try. Changes nothing. Counters of a phase are all above those of the phases before: what lies below the first one
   * of the phase in between has the right bit by being two phases old, and is no forgery.
   */
  choose(bit: number, high: number, low: number): PhaseChoice {
    if (bit === (this.phase & 1)) return isBefore(high, low, this.#previousFirst) ? 'stale' : 'current'
    const hasPrevious = this.#previous !== undefined
    if (!isBefore(high, low, this.#first)) return hasPrevious ? 'early' : 'next'
    return hasPrevious && !isBefore(high, low, this.#olderFirst) ? 'previous' : 'stale'
  }

  open(
    choice: 'current' | 'next' | 'previous',
    high: number,
    low: number,
    ad: Uint8Array,
    ciphertext: Uint8Array,
    into: Uint8Array,
  ): boolean {
    const key =
      choice === 'current' ? this.#current : choice === 'next' ? this.#next : (this.#previous as ReceiveState)
    return key.openAt(high, low, ad, ciphertext, into)
  }

  /** A datagram of the current key was authentic: the change lies before it. */
  seen(high: number, low: number): void {
    if (isBefore(high, low, this.#first)) this.#first = { high, low }
  }

  /** A datagram of the next key was authentic: it is the current one now. */
  advance(high: number, low: number, now: number): void {
    this.phase++
    this.#previous = this.#current
    this.#previousEnd = now + PREVIOUS_KEY_KEEP_MS
    this.#current = this.#next
    this.#next = this.#current.rekeyed()
    this.#olderFirst = this.#previousFirst
    this.#previousFirst = this.#first
    this.#first = { high, low }
  }

  /** Forgets all keys. */
  wipe(why: string): void {
    this.#current.wipe(why)
    this.#next.wipe(why)
    this.#previous?.wipe(why)
    this.#previous = undefined
  }
}

interface Counter {
  readonly high: number
  readonly low: number
}

const ZERO: Counter = { high: 0, low: 0 }

function isBefore(high: number, low: number, counter: Counter): boolean {
  return high < counter.high || (high === counter.high && low < counter.low)
}
