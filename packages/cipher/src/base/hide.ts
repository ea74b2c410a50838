/**
 * Lets Node's inspection show `show()` in place of an object, whatever its depth and hidden properties. By a property of each object, as bundlers
 * keep classes with members of a computed name even if nothing uses them.
 */
export function hide(object: object, show: () => unknown): void {
  Object.defineProperty(object, Symbol.for('nodejs.util.inspect.custom'), { value: show })
}
