/**
 * The largest of the values in a window that moves, in constant memory: the best of the whole window, and the best of its later parts that take over
 * when it has left. After K. Nichols' filter in Linux (`lib/win_minmax.c`). `at` may be a time or a count of rounds; it must not go down.
 */
export class WindowedMax {
  readonly #length: number
  readonly #values = [0, 0, 0]
  readonly #at = [0, 0, 0]
  #isEmpty = true

  /** The window is `length` of whatever `at` counts. */
  constructor(length: number) {
    this.#length = length
  }

  /** The largest value; `-Infinity` before there was one. */
  get value(): number {
    return this.#isEmpty ? Number.NEGATIVE_INFINITY : this.#values[0]
  }

  /** Forgets all and begins with this value. */
  reset(value: number, at: number): void {
    this.#isEmpty = false
    this.#values.fill(value)
    this.#at.fill(at)
  }

  /** Takes a value in, and forgets what has left the window. */
  update(value: number, at: number): void {
    const values = this.#values
    if (this.#isEmpty || value >= values[0] || at - this.#at[2] > this.#length) {
      this.reset(value, at)
      return
    }
    if (value >= values[1]) {
      this.#set(1, value, at)
      this.#set(2, value, at)
    } else if (value >= values[2]) this.#set(2, value, at)
    this.#age(value, at)
  }

  /** When the best has left the window, the next best follows; when a part of it has passed without one, the last part gives one. */
  #age(value: number, at: number): void {
    const sinceBest = at - this.#at[0]
    if (sinceBest > this.#length) {
      this.#set(0, this.#values[1], this.#at[1])
      this.#set(1, this.#values[2], this.#at[2])
      this.#set(2, value, at)
      if (at - this.#at[0] <= this.#length) return
      this.#set(0, this.#values[1], this.#at[1])
      this.#set(1, this.#values[2], this.#at[2])
    } else if (this.#at[1] === this.#at[0] && sinceBest > this.#length / 4) {
      this.#set(1, value, at)
      this.#set(2, value, at)
    } else if (this.#at[2] === this.#at[1] && sinceBest > this.#length / 2) this.#set(2, value, at)
  }

  #set(index: number, value: number, at: number): void {
    this.#values[index] = value
    this.#at[index] = at
  }
}
