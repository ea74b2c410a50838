/** What Node, Deno and Bun look for in a value that a program prints. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

const shown: PropertyDescriptor = {
  value(this: { describe(): string }): string {
    return this.describe()
  },
}

/** Lets consoles show the objects of a class by their own description, and nothing of their inside. Once is enough; more do no harm. */
export function showDescribed(described: { readonly prototype: { describe(): string } }): void {
  Object.defineProperty(described.prototype, inspect, shown)
}
