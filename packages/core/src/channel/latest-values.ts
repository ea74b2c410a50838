/** Makes the body of a message when there is room for it; `undefined`: it is not worth sending any more. */
export type BodyMaker = () => unknown

/** What makes values of its own time into messages. */
export interface LatestValuesOwner {
  /** Whether a message that is sent now leaves at once. */
  readonly hasRoom: boolean
  send(number: number, body: unknown): unknown
  /** The program's function threw, or made a body that can't be sent. */
  failed(text: string, error: unknown): void
}

/** Values that are encoded when there is room for them, one for each message number: a newer one takes the place of one that waits. */
export class LatestValues {
  readonly #owner: LatestValuesOwner
  readonly #makers = new Map<number, BodyMaker>()

  constructor(owner: LatestValuesOwner) {
    this.#owner = owner
  }

  get isWaiting(): boolean {
    return this.#makers.size > 0
  }

  /** Sends it at once if there is room, and nothing waits that came before. */
  set(number: number, make: BodyMaker): void {
    this.#makers.set(number, make)
    this.pour()
  }

  /** Sends what waits, the oldest first, while there is room. */
  pour(): void {
    const makers = this.#makers
    for (const [number, make] of makers) {
      if (!this.#owner.hasRoom) return
      makers.delete(number)
      this.#send(number, make)
    }
  }

  /** They are not wanted any more. */
  clear(): void {
    this.#makers.clear()
  }

  #send(number: number, make: BodyMaker): void {
    try {
      const body = make()
      if (body !== undefined) this.#owner.send(number, body)
    } catch (error) {
      this.#owner.failed('sendLatest failed', error)
    }
  }
}
