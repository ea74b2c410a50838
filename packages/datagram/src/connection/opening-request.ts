import { type EarlyPacket, writeRequest } from '../packet/before-connection.ts'
import {
  type Addressee,
  cookieSize,
  packetKind,
  packetVersion,
  readAddressee,
  refusal,
} from '../packet/packet-layout.ts'

/** The first wait for an answer, in milliseconds; each further one is twice as long, up to the last. */
const firstWaitMs = 250
const lastWaitMs = 2000

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
  #waitMs = firstWaitMs
  #cookie: Uint8Array | undefined

  constructor(own: Addressee, host: string, port: number) {
    this.own = own
    this.host = host
    this.port = port
  }

  /** Writes the request that is due, and returns its end. */
  write(bytes: Uint8Array, now: number): number {
    this.deadline = now + this.#waitMs
    this.#waitMs = Math.min(this.#waitMs * 2, lastWaitMs)
    return writeRequest(bytes, this.own, this.#cookie)
  }

  /** An answer to this request came. Undefined: it goes on, at once if `deadline` says so. */
  answered(bytes: Uint8Array, { kind, restAt, version }: EarlyPacket): RequestOutcome | undefined {
    if (kind === packetKind.accept) return { peer: readAddressee(bytes, restAt) }
    if (kind === packetKind.refuse) return { refused: refusedText(bytes[restAt], version) }
    if (kind !== packetKind.retry) return undefined
    // A second one is an echo of a request that was repeated, and as good; it is no reason to ask once more.
    const isFirst = this.#cookie === undefined
    this.#cookie = bytes.slice(restAt, restAt + cookieSize)
    if (isFirst) {
      this.deadline = Number.NEGATIVE_INFINITY
      this.#waitMs = firstWaitMs
    }
    return undefined
  }
}

function refusedText(why: number, version: number): string {
  if (why === refusal.version)
    return `the peer speaks version ${version} of the packets, this side ${packetVersion}: one of them must be updated`
  return why === refusal.full ? 'the peer has no room for one more connection' : `the peer refused (${why})`
}
