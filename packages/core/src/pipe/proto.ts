import { twoCopies } from '../base/copies.ts'
import { MillraceError } from '../base/millrace-error.ts'

/** The plug-ins of a pipe, for those who want more of them than all have in common. */
export class Proto {
  readonly #parts: readonly object[]

  constructor(parts: readonly object[]) {
    this.#parts = parts
  }

  /** The pipe's transport or protocol as what it is: `pipe.getProto().as(Tcp).setNoDelay(true)`. Throws `proto-mismatch` otherwise. */
  as<T extends object>(type: abstract new (...values: never[]) => T): T {
    for (const part of this.#parts) if (part instanceof type) return part
    const names = this.#parts.map((part) => part.constructor.name)
    const why = names.includes(type.name) ? twoCopies : `it has ${names.join(' and ')}`
    throw new MillraceError('proto-mismatch', `this pipe has no ${type.name}; ${why}`)
  }
}
