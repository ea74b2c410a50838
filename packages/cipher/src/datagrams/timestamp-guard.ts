import { CipherError } from '../base/errors.ts'
import { expectOptions, wholeOption } from '../base/limits.ts'
import { KEY_SIZE } from '../base/primitives.ts'
import { hexOf } from '../keys/key-text.ts'

/** The size of a timestamp, in bytes. */
export const TIMESTAMP_SIZE = 12

/** TAI64's origin, and the 10 s by which TAI was ahead when it began. */
const TAI_HIGH = 0x40000000
const TAI_AHEAD = 10

/**
 * Writes the timestamps of one static key: TAI64N (8 bytes of seconds, 4 of nanoseconds, big-endian), each greater than the one before, even
 * in the same millisecond or when the clock was set back. After a restart it goes by the clock alone.
 */
export class TimestampSource {
  #ms = -1
  #count = 0

  /** The next one. `wallMs` is the time of day, in ms since 1970. Throws `option` for what is no time. */
  next(wallMs: number): Uint8Array {
    const ms = wholeOption('the time of day', Math.floor(wallMs), 0, 2 ** 47)
    if (ms > this.#ms) {
      this.#ms = ms
      this.#count = 0
    } else if (++this.#count === 1_000_000) {
      this.#ms++
      this.#count = 0
    }
    const stamp = new Uint8Array(TIMESTAMP_SIZE)
    const view = new DataView(stamp.buffer)
    const seconds = Math.floor(this.#ms / 1000) + TAI_AHEAD
    view.setUint32(0, TAI_HIGH + Math.floor(seconds / 2 ** 32))
    view.setUint32(4, seconds % 2 ** 32)
    view.setUint32(8, (this.#ms % 1000) * 1_000_000 + this.#count)
    return stamp
  }
}

/** What a guard says: `full` when it knows as many peers as it may and this isn't one of them. */
export type TimestampVerdict = 'accepted' | 'replayed' | 'malformed' | 'full'

/**
 * Keeps the greatest timestamp of each peer, so that the first message of an IK handshake, which may have been recorded, counts once.
 * Ask it **after** the message was found authentic, and before anything is done for it: unauthenticated messages could fill it.
 * When full it refuses new peers rather than forget an old one, which would open the door to replays.
 */
export class TimestampGuard {
  readonly peersMax: number
  readonly #greatest = new Map<string, Uint8Array>()

  /** `peersMax`: 1 to 2^20 peers, about 200 bytes each. Default 65,536. */
  constructor(options: { readonly peersMax?: number | undefined } = {}) {
    expectOptions('TimestampGuard', options, ['peersMax'])
    const { peersMax = 65_536 } = options
    this.peersMax = wholeOption('peersMax', peersMax, 1, 2 ** 20)
  }

  /** How many peers it knows. */
  get size(): number {
    return this.#greatest.size
  }

  /** Takes the timestamp of a peer, by its static public key: accepted if it is greater than all before. `stamp` is copied. */
  accept(peerKey: Uint8Array, stamp: Uint8Array): TimestampVerdict {
    if (!(peerKey instanceof Uint8Array) || peerKey.length !== KEY_SIZE)
      throw new CipherError('size', `The static key of a peer has ${KEY_SIZE} bytes`)
    if (!isTimestamp(stamp)) return 'malformed'
    const id = hexOf(peerKey)
    const greatest = this.#greatest.get(id)
    if (greatest !== undefined && compare(stamp, greatest) <= 0) return 'replayed'
    if (greatest === undefined && this.#greatest.size >= this.peersMax) return 'full'
    if (greatest === undefined) this.#greatest.set(id, new Uint8Array(stamp))
    else greatest.set(stamp)
    return 'accepted'
  }

  /** Drops a peer that may not connect any more. If it might, what it said before could be said again. */
  forget(peerKey: Uint8Array): void {
    this.#greatest.delete(hexOf(peerKey))
  }
}

function isTimestamp(stamp: Uint8Array): boolean {
  if (stamp.length !== TIMESTAMP_SIZE) return false
  const nanoseconds = new DataView(stamp.buffer, stamp.byteOffset).getUint32(8)
  return stamp[0] === 0x40 && nanoseconds < 1_000_000_000
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < TIMESTAMP_SIZE; at++) if (a[at] !== b[at]) return a[at] - b[at]
  return 0
}
