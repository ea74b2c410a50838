import type { KeyedTask } from './keyed-task.ts'

/** Ended keys that are remembered even when few are live. */
const COUNT_MIN = 1_024

/**
 * Remembers keys that have ended, oldest first, so that setting one again needs no change of the `Map`: adding and
 * deleting one key again and again makes V8's `Map` walk all its deleted places (23 µs with 20,000 keys).
 * Bounded: 1,024 keys or a quarter of the live ones, whichever is more.
 */
export class RestingTasks {
  #first: KeyedTask | undefined
  #last: KeyedTask | undefined
  #count = 0

  /**
   * Takes in a task of a key that has ended, if it isn't in already (live ones are left in, too). Returns one to be
   * forgotten, if that makes one too many. Constant time.
   */
  rest(task: KeyedTask, liveCount: number): KeyedTask | undefined {
    if (task.nextResting === undefined) {
      task.nextResting = task
      if (this.#last === undefined) this.#first = task
      else this.#last.nextResting = task
      this.#last = task
      this.#count++
    }
    // Two steps for each task that comes in, so that the bound is also reached when the live keys become fewer.
    return this.#isOver(liveCount)
      ? (this.#leave() ?? (this.#isOver(liveCount) ? this.#leave() : undefined))
      : undefined
  }

  clear(): void {
    this.#first = undefined
    this.#last = undefined
    this.#count = 0
  }

  #isOver(liveCount: number): boolean {
    return this.#count > COUNT_MIN && this.#count > liveCount >> 2
  }

  /** Lets the first one go; returns it if its key has not been set again meanwhile. */
  #leave(): KeyedTask | undefined {
    const task = this.#first as KeyedTask
    const next = task.nextResting as KeyedTask
    task.nextResting = undefined
    this.#count--
    if (next === task) this.#last = undefined
    this.#first = next === task ? undefined : next
    return task.isScheduled ? undefined : task
  }
}
