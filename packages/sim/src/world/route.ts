import { type ConditionOptions, type Conditions, withConditions } from '../net/conditions.ts'
import type { Path, PathStatistics } from '../net/path.ts'
import type { Host } from './host.ts'

/** One direction between two hosts. */
export class Way {
  readonly #path: Path

  constructor(path: Path) {
    this.#path = path
  }

  /** What it does to packets now. */
  get conditions(): Conditions {
    return this.#path.conditions
  }

  /** Changes conditions for what is sent from now on; the rest stays as it is. Throws `argument-invalid`. */
  set(options: ConditionOptions): void {
    this.#path.conditions = withConditions(this.#path.conditions, options)
  }

  /** Carries nothing any more, until `heal`. What is under way still arrives. */
  cut(): void {
    this.#path.isCut = true
  }

  /** Carries again what is sent from now on, if it was cut or clogged. Conditions stay. */
  heal(): void {
    this.#path.isCut = false
    this.#path.unclog()
  }

  /** Nothing that is sent from now on comes out for so many milliseconds; then all at once. */
  clog(ms: number): void {
    this.#path.clog(ms)
  }

  /** What it did so far. */
  statistics(): PathStatistics {
    return this.#path.statistics()
  }
}

/** Both directions between two hosts. */
export class Route {
  /** From the first to the second, and the other way. */
  readonly there: Way
  readonly back: Way
  readonly #one: Host
  readonly #other: Host

  constructor(one: Host, other: Host, there: Path, back: Path) {
    this.#one = one
    this.#other = other
    this.there = new Way(there)
    this.back = new Way(back)
  }

  /** Changes conditions both ways, for what is sent from now on. Throws `argument-invalid`. */
  set(options: ConditionOptions): void {
    this.there.set(options)
    this.back.set(options)
  }

  /** Carries nothing any more, until `heal`. */
  cut(): void {
    this.there.cut()
    this.back.cut()
  }

  /** Carries again what is sent from now on, if it was cut or clogged. */
  heal(): void {
    this.there.heal()
    this.back.heal()
  }

  /** Nothing that is sent from now on comes out for so many milliseconds; then all at once. */
  clog(ms: number): void {
    this.there.clog(ms)
    this.back.clog(ms)
  }

  /** Breaks off all streams between the two: both ends hear ECONNRESET. */
  reset(): void {
    this.#one.reset(this.#other.address)
    this.#other.reset(this.#one.address)
  }
}
