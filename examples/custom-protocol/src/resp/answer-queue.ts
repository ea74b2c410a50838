/** Answers that come in any order and leave in the order in which they were asked for. */
export class AnswerQueue<Answer extends object> {
  /** Those that were asked for and have not left yet; undefined: not come yet. */
  readonly #waiting = new Map<number, Answer | undefined>()
  #firstId = 0
  #nextId = 0

  /** How many were asked for and have not left yet. */
  get count(): number {
    return this.#nextId - this.#firstId
  }

  /** Asks for one more. Returns the id under which it will come. */
  ask(): number {
    this.#waiting.set(this.#nextId, undefined)
    return this.#nextId++
  }

  /** An answer came. One that is not awaited is dropped. */
  answer(id: number, answer: Answer): void {
    if (this.#waiting.has(id)) this.#waiting.set(id, answer)
  }

  /** Takes the next answer, if it has come. */
  take(): Answer | undefined {
    const answer = this.#waiting.get(this.#firstId)
    if (answer !== undefined) this.#waiting.delete(this.#firstId++)
    return answer
  }

  clear(): void {
    this.#waiting.clear()
    this.#firstId = this.#nextId
  }
}
