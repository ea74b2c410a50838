import { MillraceError, type MillraceErrorCode } from '../base/millrace-error.ts'
import type { Deadline } from '../turn/deadline.ts'
import type { Turns } from '../turn/turns.ts'

/** Errors of one code that strangers cause and that are told one by one, in each `strangerWindowMs`. */
export const strangersToldMax = 100

/** The time in which they are counted, in milliseconds: it begins with the first of them. */
export const strangerWindowMs = 1000

/** How errors are told. */
export interface StrangerReportsOwner {
  /** Counts it, and tells tracers. */
  trace(error: MillraceError, channel: undefined): void
  /** Tells the log and `error`. */
  tell(error: MillraceError, channel: undefined): void
}

interface Told {
  count: number
  untold: number
  last: MillraceError
}

/**
 * Errors that peers cause before they have a channel: any program that reaches the port can, at will. Of each code some are told a second; what comes
 * beyond is counted, and told as a number when the second is over.
 */
export class StrangerReports {
  readonly #owner: StrangerReportsOwner
  readonly #pipe: { readonly turns: Turns | undefined }
  /** In this window; undefined between two. */
  #told: Map<MillraceErrorCode, Told> | undefined
  #end: Deadline | undefined

  /** The pipe has turns when there is something to report. */
  constructor(owner: StrangerReportsOwner, pipe: { readonly turns: Turns | undefined }) {
    this.#owner = owner
    this.#pipe = pipe
  }

  report(error: MillraceError): void {
    this.#owner.trace(error, undefined)
    const told = this.#toldOf(error)
    if (told.count < strangersToldMax) {
      told.count++
      return this.#owner.tell(error, undefined)
    }
    told.untold++
    told.last = error
  }

  /** The second, or the pipe, is over: tells how many were not told. */
  flush(): void {
    this.#end?.cancel()
    const all = [...(this.#told ?? [])]
    this.#told = undefined
    for (const [code, { untold, last }] of all) {
      if (untold === 0) continue
      const text = `${untold} more of '${code}' within ${strangerWindowMs} ms were not told; the last: ${last.message}`
      this.#owner.tell(new MillraceError(code, text, { cause: last }), undefined)
    }
  }

  #toldOf(error: MillraceError): Told {
    if (this.#told === undefined) {
      this.#told = new Map()
      this.#end ??= this.#pipe.turns!.deadline({ due: () => this.flush() })
      this.#end.setIn(strangerWindowMs)
    }
    let told = this.#told.get(error.code)
    if (told === undefined) {
      told = { count: 0, untold: 0, last: error }
      this.#told.set(error.code, told)
    }
    return told
  }
}
