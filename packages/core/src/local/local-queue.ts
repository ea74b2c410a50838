/**
 * Messages that wait in one process: a number and a body each, in two arrays, so that a message costs no object of its
 * own. Keeps its room while a turn uses at least a quarter of it: growing anew each turn would cost more than to clear.
 */
export class LocalQueue {
  /** The message that `next` moved to. */
  number = 0
  body: unknown
  /** How many of the messages answer requests. Counted by those who put them in and take them out. */
  replies = 0
  #numbers: number[] = []
  #bodies: unknown[] = []
  #start = 0
  #end = 0

  get count(): number {
    return this.#end - this.#start
  }

  push(number: number, body: unknown): void {
    const end = this.#end
    this.#numbers[end] = number
    this.#bodies[end] = body
    this.#end = end + 1
  }

  /** Moves to the oldest message and takes it out. Ask `count` first. */
  next(): void {
    const start = this.#start
    this.number = this.#numbers[start]
    this.body = this.#bodies[start]
    this.#start = start + 1
  }

  /** A turn is over: what was taken out can go. */
  forget(): void {
    const start = this.#start
    const end = this.#end
    if (start === 0) return
    this.body = undefined
    this.#start = 0
    this.#end = end - start
    if (start === end && end * 4 >= this.#numbers.length) {
      this.#bodies.fill(undefined, 0, end)
      return
    }
    this.#numbers = this.#numbers.slice(start, end)
    this.#bodies = this.#bodies.slice(start, end)
  }

  /** Drops everything. */
  clear(): void {
    this.replies = 0
    this.#start = this.#end
    this.forget()
  }

  /** Drops the oldest message for which this holds; false when there is none. */
  drop(isWanted: (number: number, body: unknown) => boolean): boolean {
    for (let index = this.#start; index < this.#end; index++) {
      if (!isWanted(this.#numbers[index], this.#bodies[index])) continue
      this.#numbers.splice(index, 1)
      this.#bodies.splice(index, 1)
      this.#end--
      return true
    }
    return false
  }

  /** Takes out all messages for which this holds, in their order, and hands each to `take`. */
  extract(isWanted: (number: number, body: unknown) => boolean, take: (body: unknown) => void): void {
    const taken: unknown[] = []
    let kept = this.#start
    for (let index = this.#start; index < this.#end; index++) {
      const number = this.#numbers[index]
      const body = this.#bodies[index]
      if (isWanted(number, body)) {
        taken.push(body)
        continue
      }
      this.#numbers[kept] = number
      this.#bodies[kept] = body
      kept++
    }
    this.#bodies.fill(undefined, kept, this.#end)
    this.#end = kept
    for (const body of taken) take(body)
  }
}
