/** What is wrong where two copies of Millrace meet that can't work together. */
export const twoCopies = 'two copies of Millrace are loaded'

/**
 * Makes `instanceof` hold for the objects of every loaded copy of a class: a program can have two of a package, in two versions or bundled twice. They know
 * each other by a symbol that all copies share. Classes that extend it are compared as usual.
 */
export function sharedByCopies(type: abstract new (...values: never[]) => object, name: string): void {
  const brand = Symbol.for(`millrace.${name}`)
  Object.defineProperty(type.prototype, brand, { value: true })
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return this === type ? brand in Object(value) : Function.prototype[Symbol.hasInstance].call(this, value)
    },
  })
}
