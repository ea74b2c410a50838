/**
 * Which virtual bases the object at hand has already, and what stands for them: values for the interpreter, expressions for a
 * compiler. A struct begins an object of its own unless it is entered as a base.
 */
export class BaseScope<T> {
  #known: Map<string, T> | undefined
  #isBase = false

  has(id: string): boolean {
    return this.#known?.has(id) === true
  }

  get(id: string): T | undefined {
    return this.#known?.get(id)
  }

  set(id: string, value: T): void {
    this.#known ??= new Map()
    this.#known.set(id, value)
  }

  /** Enters a base: the struct in there, if it is one, belongs to the object at hand. */
  inBase<R>(body: () => R): R {
    this.#known ??= new Map()
    this.#isBase = true
    const result = body()
    this.#isBase = false
    return result
  }

  /** Enters a struct: remembers what `leave` has to put back. */
  enter(): Map<string, T> | undefined {
    const outer = this.#known
    if (!this.#isBase) this.#known = undefined
    this.#isBase = false
    return outer
  }

  /** Leaves a struct. What a base has found stays known to the object it belongs to. */
  leave(outer: Map<string, T> | undefined): void {
    this.#known = outer
  }
}
