import type { Random } from '@millrace/sim'

/** How a network treats what it carries. */
export interface NetworkProfile {
  /** How long each step of bytes takes, from and to, in milliseconds. Order within a stream is kept. */
  readonly delayMs: readonly [min: number, max: number]
  /** How a stream is cut before it is told: as large as it comes, single bytes, or at random. */
  readonly pieces: 'whole' | 'bytes' | 'random'
  /** The least bytes of a piece, if so many are there: bounds how long a stream takes. */
  readonly pieceBytesMin: number
  /** What a link holds for a reader that doesn't read, in bytes; then the sender's batches wait. */
  readonly windowBytes: number
  /** Who owns the received bytes. Lent ones are overwritten after the call. */
  readonly ownership: 'given' | 'lent' | 'mixed'
  /** Whether links can pause, and whether they tell what has left (`sent`) or only how much waits (`buffered`). */
  readonly pausing: 'on' | 'off'
  readonly leaving: 'told' | 'polled'
  /** What a link that is destroyed looks like to its peer: an end, or, at random, a reset that takes bytes with it. */
  readonly destruction: 'end' | 'random'
  /** Datagrams only: the shares that never arrive, and that arrive twice. Order comes from `delayMs`. */
  readonly loss: number
  readonly duplication: number
}

/** A network without surprises: no delay, no cuts. Memory is lent, so that keeping it is seen. */
export const calmNetwork: NetworkProfile = {
  delayMs: [0, 0],
  pieces: 'whole',
  pieceBytesMin: 1,
  windowBytes: 65_536,
  ownership: 'lent',
  pausing: 'on',
  leaving: 'told',
  destruction: 'end',
  loss: 0,
  duplication: 0,
}

/** A network of any kind that contracts allow. */
export function wildNetwork(random: Random): NetworkProfile {
  const pieces = random.pick(['whole', 'random', 'random', 'bytes'] as const)
  // Single bytes on a slow way would take hours, and every deadline with them.
  const delayMax = pieces === 'bytes' ? random.pick([0, 1]) : random.pick([0, 1, 5, 40, 200])
  const windowBytes =
    delayMax > 5 ? random.pick([4096, 65_536, 262_144]) : random.pick([64, 700, 4096, 65_536])
  return {
    delayMs: [random.integer(0, delayMax), delayMax],
    pieces,
    pieceBytesMin: 1,
    windowBytes,
    ownership: random.pick(['given', 'lent', 'mixed']),
    // A network that can't pause ends channels of honest peers with a reader that is behind: not wild, but another promise.
    pausing: 'on',
    leaving: random.pick(['told', 'polled']),
    destruction: 'random',
    loss: random.pick([0, 0.05, 0.3]),
    duplication: random.pick([0, 0.05, 0.5]),
  }
}

/** Limits under which no deadline speaks: for tests of what a network does, not of how long it takes. */
export const patientLimits = {
  handshakeTimeoutMs: 1e9,
  closeTimeoutMs: 1e9,
  frameTimeoutMs: 1e9,
  stallTimeoutMs: 1e9,
  requestTimeoutMs: 1e9,
} as const
