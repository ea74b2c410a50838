import { challengeSize } from '../packet/part-types.ts'

/** How often a challenge is repeated, and how long an address is on trial, in milliseconds. */
const againMs = 300
const trialMs = 3000

/** Another address from which authentic packets of the peer came, until it is proven that the peer receives there: RFC 9000, section 8.2. */
export class PathCheck {
  readonly host: string
  readonly port: number
  readonly challenge: Uint8Array
  readonly #until: number
  /** When the challenge is to be sent again. */
  #nextAt = Number.NEGATIVE_INFINITY
  /** Bytes that came from there and were not spent: nothing larger than that goes there before the address is proven. */
  #credit = 0

  constructor(host: string, port: number, random: (size: number) => Uint8Array, now: number) {
    this.host = host
    this.port = port
    this.challenge = random(challengeSize)
    this.#until = now + trialMs
  }

  isOf(host: string, port: number): boolean {
    return this.host === host && this.port === port
  }

  isOver(now: number): boolean {
    return now >= this.#until
  }

  /** A packet of so many bytes came from there. */
  received(size: number): void {
    this.#credit += size
  }

  /** Whether a packet of so many bytes, with the challenge, should be sent there now; if so, it is taken for sent. */
  maySend(size: number, now: number): boolean {
    if (now < this.#nextAt || size > this.#credit) return false
    this.#credit -= size
    this.#nextAt = now + againMs
    return true
  }

  /** Whether these 8 bytes are the response. */
  isAnswer(bytes: Uint8Array, at: number): boolean {
    return this.challenge.every((byte, index) => bytes[at + index] === byte)
  }
}
