import { closeCode, partType } from '../packet/part-types.ts'
import { ackDelayLimitMs } from '../recovery/received-packets.ts'
import type { ConnectionError } from './connection-error.ts'
import type { Machines } from './machines.ts'
import type { Outcomes } from './outcomes.ts'
import type { Transmitter } from './transmitter.ts'

/** How long a connection that is over still replies to what comes late, in probe timeouts, and how often at most. */
const lingerTimeouts = 3
const lingerMsMin = 100
const farewellsMax = 8
/** It is said so often though nothing comes: one may be lost. */
const farewellsUnasked = 3

/** How long, without any acknowledgement of what is in flight, a connection goes on trying, in milliseconds. */
export const silenceMaxMs = 60_000

/** Timers may be so late without any time having been missed, in milliseconds. */
const lateMsMin = 1000

export const silentText = `the peer has acknowledged nothing for ${silenceMaxMs / 1000} s`

/** How one end of a connection comes to its end: in order, both sides having said all, or at once; and what is said to a peer that has not heard of it. */
export class Leaving {
  /** When nothing need be remembered any more, in milliseconds. */
  forgetAt = Number.POSITIVE_INFINITY
  /** When the peer has acknowledged something, or nothing was in flight, in milliseconds. */
  heardAt: number
  /** When the farewell is to be said again, in milliseconds. */
  #sayAt = Number.POSITIVE_INFINITY
  /** Why it ended before its time. */
  error: Error | undefined
  readonly #machines: Machines
  readonly #outcomes: Outcomes
  readonly #out: Transmitter
  #end: 'open' | 'wanted' | 'said' = 'open'
  #saidAt = 0
  #farewells = 0
  #why: 'violation' | 'destroyed' = 'destroyed'

  constructor(machines: Machines, outcomes: Outcomes, out: Transmitter, now: number) {
    this.heardAt = now
    this.#machines = machines
    this.#outcomes = outcomes
    this.#out = out
  }

  /** Nothing more may be written. */
  get isEnding(): boolean {
    return this.#end !== 'open'
  }

  /** Nothing of what is in flight was acknowledged for too long. */
  isSilent(now: number): boolean {
    return this.#machines.recovery.bytesInFlight > 0 && now - this.heardAt > silenceMaxMs
  }

  /** It is due, and looked at so late, in milliseconds: a program that was stopped, or had its clock jump, knows nothing of the time between. */
  missed(lateMs: number): void {
    if (lateMs > lateMsMin) this.heardAt += lateMs
  }

  /** The owner has nothing more to say. */
  want(): void {
    if (this.#end === 'open') this.#end = 'wanted'
  }

  /** Lets the end leave, when everything before it has arrived. */
  settle(now: number): void {
    if (this.#end !== 'wanted' || this.#machines.waitingBytes > 0) return
    this.#end = 'said'
    this.#saidAt = now
    this.#outcomes.end = 'lost'
  }

  /** The peer has heard this side's end; or had time enough for it: everything before it has arrived, and a peer that is over itself may not reply. */
  isHeard(now: number): boolean {
    if (this.#outcomes.end === 'heard') return true
    return this.#end === 'said' && now - this.#saidAt > this.#lingerMs
  }

  /** It is over from now on. */
  leave(error: ConnectionError | undefined, now: number): void {
    this.error = error
    if (error?.code === 'violation') this.#machines.counts.violations++
    if (this.#end === 'said') this.#out.acknowledge(now)
    this.forgetAt = now + this.#lingerMs
    if (this.#farewells > 0) this.#sayAt = now + this.#lingerMs / farewellsUnasked
  }

  /** The size of a packet that tells the peer so. */
  farewell(error: 'violation' | 'destroyed', now: number): number {
    this.#farewells++
    this.#why = error
    return this.#out.single(partType.close, Uint8Array.of(closeCode[error]), now)
  }

  /** When something is to be done after the end: `sayAgain`, or to forget. */
  get nextAt(): number {
    return Math.min(this.#sayAt, this.forgetAt)
  }

  /** The size of a packet that says the farewell again, if it is time, and if this side said one; 0 for none. */
  sayAgain(now: number): number {
    if (now < this.#sayAt) return 0
    this.#sayAt =
      this.#farewells >= farewellsUnasked ? Number.POSITIVE_INFINITY : now + this.#lingerMs / farewellsUnasked
    return this.farewell(this.#why, now)
  }

  /** A packet came of a peer that has not heard that it is over. Returns the size of the packet to reply with, 0 for none. */
  answer(packet: Uint8Array, now: number): number {
    const { cover, received, counts } = this.#machines
    counts.late++
    if (this.#farewells >= farewellsMax || packet[cover.at] === partType.close) return 0
    if (this.error !== undefined || this.#end !== 'said') return this.farewell('destroyed', now)
    // After an orderly end, the peer waits for an acknowledgement of its own.
    this.#farewells++
    received.receive(cover.number, now, 'soon')
    this.#out.acknowledge(now)
    return 0
  }

  get #lingerMs(): number {
    const timeoutMs = this.#machines.recovery.roundTrip.probeTimeoutMs(ackDelayLimitMs)
    return lingerTimeouts * Math.max(lingerMsMin, timeoutMs)
  }
}
