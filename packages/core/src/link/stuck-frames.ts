import type { Link } from '../ports/transport.ts'

/** So much time counts between two frames, in milliseconds: what lies beyond is silence, which is the heartbeat's to judge. */
const silenceMs = 1000

/** A part that is lost again and again comes within so many round trips. */
const roundTrips = 10

/**
 * Frames that come in parts by datagrams, and of which no part comes any more. Others come meanwhile, so that only time in which the peer is heard counts: of a peer that
 * is silent nothing is late. The time is the limit and `roundTrips`, as what is lost comes again by then.
 */
export class StuckFrames {
  readonly #limitMs: number
  #storedBytes = 0
  #bytesIn = 0
  #heardAt = 0
  /** How long the peer was heard since the last part, in milliseconds. */
  #heardMs = 0

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** To be asked after all that comes: so many bytes of frames have begun and not ended, and so many bytes of whole ones have come in all. Returns what the peer did wrong, or ''. */
  lateness(storedBytes: number, bytesIn: number, link: Pick<Link, 'network'>, now: number): string {
    const isHeard = bytesIn !== this.#bytesIn
    const hasMoved = storedBytes === 0 || storedBytes !== this.#storedBytes
    if (isHeard && !hasMoved) this.#heardMs += Math.min(now - this.#heardAt, silenceMs)
    if (hasMoved) this.#heardMs = 0
    if (isHeard || hasMoved) this.#heardAt = now
    this.#storedBytes = storedBytes
    this.#bytesIn = bytesIn
    if (this.#heardMs < this.#limitMs) return ''
    const isLate = this.#heardMs >= this.#limitMs + roundTrips * (link.network?.().roundTripMs ?? 0)
    return isLate ? `nothing of a frame has come for ${this.#limitMs} ms, while others came` : ''
  }
}
