import type { Rules } from './rules.ts'
import { isWhole, type MessageKey, promises, type Stream, streamOf } from './swarm-messages.ts'

interface Heard {
  count: number
  last: number
  /** Of those that may come in any order: which came, and the lowest that did not. */
  readonly numbers: Set<number>
  lowestMissing: number
}

/** Holds what one side of a channel hears against what each delivery promises. */
export class Listener {
  readonly #isStream: boolean
  readonly #rules: Rules
  readonly #where: () => string
  readonly #heard = new Map<Stream, Heard>()

  /** `isStream`: all that is sent arrives in its order. `where`: at which end, for a report. */
  constructor(isStream: boolean, rules: Rules, where: () => string) {
    this.#isStream = isStream
    this.#rules = rules
    this.#where = where
  }

  /** How many messages of a stream came, and the number of the last one, or -1. */
  count(stream: Stream): number {
    return this.#heard.get(stream)?.count ?? 0
  }

  last(stream: Stream): number {
    return this.#heard.get(stream)?.last ?? -1
  }

  /** The lowest number of a stream that has not come. */
  lowestMissing(stream: Stream): number {
    const heard = this.#heard.get(stream)
    if (heard === undefined) return 0
    if (this.#isOrdered(stream)) return heard.last + 1
    while (heard.numbers.delete(heard.lowestMissing)) heard.lowestMissing++
    return heard.lowestMissing
  }

  /** A message came. */
  heard(key: MessageKey, body: { readonly n: number; readonly pad: Uint8Array }): void {
    const stream = streamOf[key]
    let heard = this.#heard.get(stream)
    if (heard === undefined) {
      heard = { count: 0, last: -1, numbers: new Set(), lowestMissing: 0 }
      this.#heard.set(stream, heard)
    }
    const { n } = body
    const { last, numbers, lowestMissing } = heard
    const rules = this.#rules
    const text = (what: string) => () => `message ${n} of '${key}' ${what}${this.#where()}`
    rules.hold('as it was sent', isWhole(body), text('is not as it was sent'))
    switch (this.#isOrdered(stream) ? 'ordered' : promises[stream]) {
      case 'ordered':
        rules.hold('in order, all of it', n === last + 1, text(`came behind ${last}`))
        break
      case 'forward':
      case 'latest':
        rules.hold('never an older one', n > last, text(`came behind ${last}, which is newer`))
        break
      case 'once':
        rules.hold('once, all of it', n >= lowestMissing && !numbers.has(n), text('came twice'))
        break
      default:
        rules.hold('never twice', !numbers.has(n), text('came twice'))
    }
    if (!this.#isOrdered(stream)) numbers.add(n)
    heard.count++
    heard.last = n
  }

  #isOrdered(stream: Stream): boolean {
    return this.#isStream || promises[stream] === 'ordered'
  }
}
