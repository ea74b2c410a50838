import { closeSync, openSync, readFileSync } from 'node:fs'
import { MillraceError } from '@millrace/core'

/** Descriptors kept free for the program's own files and connections: so many, or an eighth of a small limit. */
const reserveMax = 64

/** At most one report in so many milliseconds: a flood of connections must not become a flood of errors. */
const reportIntervalMs = 1000

/**
 * Watches how many descriptors are left before another connection is taken. Without it, the system's limit is met inside
 * the platform, which accepts and closes what it can't hold without a word to either side.
 *
 * Systems hand out the lowest free number, so the number of a descriptor opened for a moment tells how many are in use
 * in the whole process. Where the limit can't be read (outside Linux), nothing is watched.
 */
export class DescriptorGuard {
  readonly #limit: number
  readonly #reserve: number
  #refused = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  constructor(limit: number = descriptorLimit()) {
    this.#limit = limit
    this.#reserve = Math.min(reserveMax, Math.floor(limit / 8))
  }

  /** Whether one more connection may be held. */
  hasRoom(): boolean {
    if (this.#limit === Number.POSITIVE_INFINITY) return true
    if (lowestFree() < this.#limit - this.#reserve) return true
    this.#refused++
    return false
  }

  /** What to report about the connections refused since the last report; undefined if that was a moment ago. */
  report(now: number): MillraceError | undefined {
    if (now - this.#reportedAt < reportIntervalMs) return undefined
    this.#reportedAt = now
    const count = this.#refused
    this.#refused = 0
    const text = `${count} connections refused: the process may hold ${this.#limit} descriptors, and all but ${this.#reserve} are in use; raise the limit (ulimit -n)`
    return new MillraceError('descriptor-limit', text)
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
