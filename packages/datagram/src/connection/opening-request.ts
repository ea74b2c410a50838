import { type EarlyPacket, writeRequest } from '../packet/before-connection.ts'
import {
  type Addressee,
  cookieSize,
  packetKind,
  packetVersion,
  readAddressee,
  refusal,
} from '../packet/packet-layout.ts'

/** The first wait for an answer, in milliseconds, and each further one, on average: where a fifth is lost, ten tries must fit into a handshake's time. */
const firstWaitMs = 250
const furtherWaitMs = 500

/** A wait is shorter or longer by up to this share, by chance: those who asked at once would find the socket full together again. */
const waitSpread = 0.25

/** What came of a request. */
export type RequestOutcome =
  | { readonly peer: Addressee }
  /** Why there is no connection, in words. */
  | { readonly refused: string }

/** The opening side before it has a connection: asks, comes back with the cookie, and asks again when nothing is heard. Knows no clock. */
export class OpeningRequest {
  readonly own: Addressee
  readonly host: string
  readonly port: number
  /** When to ask again, in milliseconds. */
  deadline = Number.NEGATIVE_INFINITY
  /** The last round trip that one request and its answer took, in milliseconds; undefined while each was asked for more than once. */
  roundTripMs: number | undefined
  readonly #random: () => number
  #askedAt = 0
  #askedCount = 0
  #cookie: Uint8Array | undefined

  /** `random`: numbers from 0 to less than 1. */
  constructor(own: Addressee, host: string, port: number, random: () => number) {
    this.own = own
    this.host = host
    this.port = port
    this.#random = random
  }

  /** Writes the request that is due, and returns its end. */
  write(bytes: Uint8Array, now: number): number {
    const waitMs = this.#askedCount === 0 ? firstWaitMs : furtherWaitMs
    this.deadline = now + waitMs * (1 + waitSpread * (2 * this.#random() - 1))
    this.#askedAt = now
    this.#askedCount++
    return writeRequest(bytes, this.own, this.#cookie)
  }

  /** An answer to this request came. Undefined: it goes on, at once if `deadline` says so. */
  answered(
    bytes: Uint8Array,
    { kind, restAt, version }: EarlyPacket,
    now: number,
  ): RequestOutcome | undefined {
    // A second cookie answers one of the requests that were repeated before the first, not the one that came back with it.
    const isEcho = kind === packetKind.retry && this.#cookie !== undefined
    if (this.#askedCount === 1 && !isEcho) this.roundTripMs = now - this.#askedAt
    if (kind === packetKind.accept) return { peer: readAddressee(bytes, restAt) }
    if (kind === packetKind.refuse) return { refused: refusedText(bytes[restAt], version) }
    if (kind !== packetKind.retry) return undefined
    // An echo is as good; it is no reason to ask once more.
    this.#cookie = bytes.slice(restAt, restAt + cookieSize)
    if (!isEcho) {
      this.deadline = Number.NEGATIVE_INFINITY
      this.#askedCount = 0
    }
    return undefined
  }
}

function refusedText(why: number, version: number): string {
  if (why === refusal.version)
    return `the peer speaks version ${version} of the packets, this side ${packetVersion}: one of them must be updated`
  return `the peer refused (${why})`
}
