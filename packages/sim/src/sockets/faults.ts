import type { Random } from '../base/random.ts'
import { SimError } from '../base/sim-error.ts'
import { systemError } from '../base/system-error.ts'

/** The calls of a program to its system that can be made to fail. `open` and `send` are those of datagrams, the others those of tcp. */
export type Call = 'connect' | 'listen' | 'accept' | 'read' | 'write' | 'open' | 'send'

/** How often a call fails: the next so many times, or, each time, with this probability until the faults are taken back. */
export interface FaultOptions {
  readonly times?: number | undefined
  readonly chance?: number | undefined
}

interface Fault {
  readonly call: Call
  readonly code: string
  readonly chance: number
  times: number
}

/** Which calls of one host fail. */
export class Faults {
  readonly #random: Random
  #faults: Fault[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** Throws `argument-invalid` for a count or a probability that is none. */
  add(call: Call, code: string, { times, chance }: FaultOptions): void {
    if (times !== undefined && !(times >= 1))
      throw new SimError('argument-invalid', `times is a number from 1; got ${String(times)}`)
    if (chance !== undefined && !(chance >= 0 && chance <= 1))
      throw new SimError('argument-invalid', `chance is a probability from 0 to 1; got ${String(chance)}`)
    const count = times ?? (chance === undefined ? 1 : Number.POSITIVE_INFINITY)
    this.#faults.push({ call, code, chance: chance ?? 1, times: count })
  }

  /** Whether calls fail at all. */
  get isAny(): boolean {
    return this.#faults.length > 0
  }

  clear(): void {
    this.#faults = []
  }

  /** The error with which this call fails, or undefined. */
  of(call: Call, what: string): (Error & { readonly code?: string }) | undefined {
    if (this.#faults.length === 0) return undefined
    for (const fault of this.#faults) {
      if (fault.call !== call || !this.#random.chance(fault.chance)) continue
      if (--fault.times <= 0) this.#faults = this.#faults.filter((other) => other !== fault)
      return systemError(fault.code, `${call} ${what}`)
    }
    return undefined
  }
}
