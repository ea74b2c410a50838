/**
 * The largest of the values in a window that moves, in constant memory: the best of the whole window, and the best of its later parts that take over
 * when it has left. After K. Nichols' filter in Linux (`lib/win_minmax.c`). `at` may be a time or a count of rounds; it must not go down.
 */
export class WindowedMax {
  readonly #length: number
  /** The three values, and behind them when they came: one array, as each connection has several of these. */
  readonly #kept = [0, 0, 0, 0, 0, 0]
  #isEmpty = true

  /** The window is `length` of whatever `at` counts. */
  constructor(length: number) {
    this.#length = length
  }

  /** The largest value; `-Infinity` before there was one. */
  get value(): number {
    return this.#isEmpty ? Number.NEGATIVE_INFINITY : this.#kept[0]
  }

  /** Forgets all and begins with this value. */
  reset(value: number, at: number): void {
    this.#isEmpty = false
    for (let index = 0; index < 3; index++) this.#set(index, value, at)
  }

  /** Takes a value in, and forgets what has left the window. */
  update(value: number, at: number): void {
    const kept = this.#kept
    if (this.#isEmpty || value >= kept[0] || at - this.#at(2) > this.#length) {
      this.reset(value, at)
      return
    }
    if (value >= kept[1]) {
      this.#set(1, value, at)
      this.#set(2, value, at)
    } else if (value >= kept[2]) this.#set(2, value, at)
    this.#age(value, at)
  }

  /** When the best has left the window, the next best follows; when a part of it has passed without one, the last part gives one. */
  #age(value: number, at: number): void {
    const sinceBest = at - this.#at(0)
    if (sinceBest > this.#length) {
      this.#next(value, at)
      if (at - this.#at(0) > this.#length) this.#next(value, at)
    } else if (this.#at(1) === this.#at(0) && sinceBest > this.#length / 4) {
      this.#set(1, value, at)
      this.#set(2, value, at)
    } else if (this.#at(2) === this.#at(1) && sinceBest > this.#length / 2) this.#set(2, value, at)
  }

  #next(value: number, at: number): void {
    this.#set(0, this.#kept[1], this.#at(1))
    this.#set(1, this.#kept[2], this.#at(2))
    this.#set(2, value, at)
  }

  #at(index: number): number {
    return this.#kept[3 + index]
  }

  #set(index: number, value: number, at: number): void {
    this.#kept[index] = value
    this.#kept[3 + index] = at
  }
}
