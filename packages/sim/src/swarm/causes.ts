import type { CloseReason } from '@millrace/core'
import { changesBits, concerns, type Hazard, hidesMove, lengthOf, movesPlayer } from './hazard.ts'
import type { SwarmPlan } from './plan.ts'

type Code = CloseReason['code']

/**
 * Outages of so long, together, may end a channel or a request: they have 10 s, a transport waits up to as long again before it asks whether the way is good,
 * and there are other losses.
 */
const longMs = 3000

/** What a player's hazards may lead to. */
export class Causes {
  readonly #isStream: boolean
  readonly #hazards: readonly Hazard[]

  constructor(plan: SwarmPlan, player: number) {
    this.#isStream = plan.transport === 'tcp'
    this.#hazards = plan.hazards.filter((hazard) => concerns(hazard, player))
  }

  /** Whether a channel of this player may end for this reason although both programs want it. */
  mayEnd(code: Code, what: string): boolean {
    switch (code) {
      // No answer, or no acknowledgement, for a time: something kept packets back for long, or made one side forget the other, or took its time away.
      case 'heartbeat-timeout':
      case 'slow-reader':
        return this.#any((hazard) => this.#silences(hazard))
      // An error of a link: a stream was reset, or one side has forgotten the other and says so; over udp, silence does it, too.
      case 'link-failed':
        // The first packets of a channel that will be sealed are in clear, and nothing finds a changed bit in them.
        if (what.includes('rules of packets') && this.mayCorrupt()) return true
        return this.#any((hazard) => this.#breaks(hazard) || this.#silences(hazard))
      // The other side cut it without a word that came through. Why it did so is asked at that side.
      case 'link-ended':
        return this.#any((hazard) => this.#breaks(hazard) || this.#silences(hazard))
      // A frame or a record that has begun must be whole within 10 s. Datagrams come whole; a stream of which segments are lost again and again may take longer,
      // as the model of TCP waits twice as long each time and finds one loss a round trip.
      case 'protocol-violation':
      case 'encryption-failed':
        return this.#isStream && what.includes('took longer than') && this.maySlow()
      default:
        return false
    }
  }

  /** Whether what is asked may be answered too late, over datagrams. */
  get isLong(): boolean {
    return this.#any((hazard) => this.#silences(hazard))
  }

  /** Whether a stream may be so slow that what is asked comes too late: when segments are lost, or the way carries little, or nothing for long. */
  maySlow(): boolean {
    return this.#any((hazard) => this.#loses(hazard) || this.#silences(hazard))
  }

  /** Whether what comes may be another than what was sent. */
  mayCorrupt(): boolean {
    return this.#any(changesBits)
  }

  #any(fits: (hazard: Hazard) => boolean): boolean {
    return this.#hazards.some(fits)
  }

  /** It may keep a channel silent, or make it look so, for as long as one of its timeouts. */
  #silences(hazard: Hazard): boolean {
    switch (hazard.kind) {
      case 'crash':
      case 'slow-reader':
        return true
      // A stream doesn't live through a new address; a connection over datagrams does.
      case 'move':
        return this.#isStream
      case 'jump':
        return hazard.byMs >= longMs
      case 'isolation':
      case 'partition':
      case 'pause':
      case 'stall':
      case 'clog':
      case 'blackout':
        return this.#outageMs() >= longMs || this.#isStream
      case 'failing-sends':
        return hazard.chance > 0.1
      case 'conditions': {
        const {
          loss = 0,
          bursts,
          clogs,
          delayMs,
          bytesPerSecond = Number.POSITIVE_INFINITY,
        } = hazard.conditions
        const longest = typeof delayMs === 'number' ? delayMs : (delayMs?.[1] ?? 0)
        const isHeavyLoss =
          loss > 0.2 || (bursts?.packets ?? 0) > 5 || (hazard.conditions.corruption ?? 0) > 0.02
        return (
          isHeavyLoss ||
          clogs !== undefined ||
          longest > 500 ||
          bytesPerSecond < 100_000 ||
          (this.#isStream && loss > 0.1)
        )
      }
      default:
        return false
    }
  }

  /** How long nothing passes, all together. */
  #outageMs(): number {
    const kinds = ['isolation', 'partition', 'pause', 'stall', 'clog', 'tail', 'blackout']
    const isOutage = (one: Hazard) => kinds.includes(one.kind) || hidesMove(one, this.#hazards)
    return this.#hazards.reduce((sum, one) => sum + (isOutage(one) ? lengthOf(one) : 0), 0)
  }

  /** One side has forgotten the connection, or it was broken off. */
  #breaks(hazard: Hazard): boolean {
    return hazard.kind === 'crash' || hazard.kind === 'reset' || (movesPlayer(hazard) && this.#isStream)
  }

  #loses(hazard: Hazard): boolean {
    if (hazard.kind === 'failing-sends') return true
    if (hazard.kind !== 'conditions' && hazard.kind !== 'narrow') return false
    const { loss, bursts, corruption, bytesPerSecond } = hazard.conditions
    return (
      loss !== undefined || bursts !== undefined || corruption !== undefined || bytesPerSecond !== undefined
    )
  }
}
