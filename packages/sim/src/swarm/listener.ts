import { isWhole, type MessageKey, promises, type Stream, streamOf } from './swarm-messages.ts'

interface Heard {
  count: number
  last: number
  /** Of those that may come in any order. */
  readonly numbers: Set<number>
}

/** Holds what one side of a channel hears against what each delivery promises. */
export class Listener {
  readonly #isStream: boolean
  readonly #fault: (text: string) => void
  readonly #heard = new Map<Stream, Heard>()

  /** `isStream`: all that is sent arrives in its order. */
  constructor(isStream: boolean, fault: (text: string) => void) {
    this.#isStream = isStream
    this.#fault = fault
  }

  /** How many messages of a stream came, and the number of the last one, or -1. */
  count(stream: Stream): number {
    return this.#heard.get(stream)?.count ?? 0
  }

  last(stream: Stream): number {
    return this.#heard.get(stream)?.last ?? -1
  }

  /** A message came. */
  heard(key: MessageKey, body: { readonly n: number; readonly pad: Uint8Array }): void {
    const stream = streamOf[key]
    let heard = this.#heard.get(stream)
    if (heard === undefined) {
      heard = { count: 0, last: -1, numbers: new Set() }
      this.#heard.set(stream, heard)
    }
    const { n } = body
    if (!isWhole(body)) this.#fault(`message ${n} of '${key}' is not as it was sent`)
    switch (this.#isStream ? 'ordered' : promises[stream]) {
      case 'ordered':
        if (n !== heard.last + 1) this.#fault(`message ${n} of '${key}' came behind ${heard.last}`)
        break
      case 'forward':
      case 'latest':
        if (n <= heard.last) this.#fault(`message ${n} of '${key}' came behind ${heard.last}, which is newer`)
        break
      default:
        if (heard.numbers.has(n)) this.#fault(`message ${n} of '${key}' came twice`)
        heard.numbers.add(n)
    }
    heard.count++
    heard.last = n
  }
}
