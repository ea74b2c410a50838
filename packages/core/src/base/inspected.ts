/** What Node, Deno and Bun look for in a value that a program prints. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

/** Lets consoles show the objects of a class by their own description, and nothing of their inside. */
export function showDescribed(described: { readonly prototype: { describe(): string } }): void {
  Object.defineProperty(described.prototype, inspect, {
    value(this: { describe(): string }): string {
      return this.describe()
    },
  })
}
