import { closeSync, openSync, readFileSync } from 'node:fs'
import { type LinkRoom, MillraceError } from '@millrace/core'

/** Descriptors kept free for the program's own files and connections: so many, or an eighth of a small limit. */
const reserveMax = 64

/** At most one report in so many milliseconds: a flood of connections must not become a flood of errors. */
const reportIntervalMs = 1000

/**
 * Knows how many connections the process can hold, before another one is taken. Without it, the system's limit is met inside
 * the platform, which accepts and closes what it can't hold without a word to either side.
 *
 * Systems hand out the lowest free number, so the number of a descriptor opened for a moment tells how many are in use
 * in the whole process. Where the limit can't be read (outside Linux), nothing is watched.
 */
export class DescriptorGuard implements LinkRoom {
  /** What the process may hold, less what it holds now and the reserve. */
  readonly capacity: number
  readonly #failed: (error: MillraceError) => void
  readonly #limit: number
  readonly #reserve: number
  #refused = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  /** `failed` is told of connections that could not be held, at most once a second. */
  constructor(failed: (error: MillraceError) => void, limit: number = descriptorLimit()) {
    this.#failed = failed
    this.#limit = limit
    this.#reserve = Math.min(reserveMax, Math.floor(limit / 8))
    this.capacity = this.#isWatched ? Math.max(0, limit - this.#reserve - lowestFree()) : limit
  }

  /** Whether all descriptors but the reserve are in use. */
  get isFull(): boolean {
    return this.#isWatched && lowestFree() >= this.#limit - this.#reserve
  }

  refused(): void {
    this.#refused++
    const now = performance.now()
    if (now - this.#reportedAt < reportIntervalMs) return
    const count = this.#refused
    this.#reportedAt = now
    this.#refused = 0
    const text = `${count} connections refused: the process may hold ${this.#limit} descriptors, and all but ${this.#reserve} are in use; raise the limit (ulimit -n)`
    this.#failed(new MillraceError('descriptor-limit', text))
  }

  get #isWatched(): boolean {
    return this.#limit < Number.POSITIVE_INFINITY
  }
}

function lowestFree(): number {
  try {
    const descriptor = openSync('/dev/null', 'r')
    closeSync(descriptor)
    return descriptor
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** The process's own limit, as Linux tells it. */
function descriptorLimit(): number {
  if (process.platform !== 'linux') return Number.POSITIVE_INFINITY
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return limit === null ? Number.POSITIVE_INFINITY : Number(limit[1])
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
