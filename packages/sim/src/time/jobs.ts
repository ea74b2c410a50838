// Tests fake the time, and an immediate that is faked later never comes: this is the real one.
const { setImmediate } = globalThis

/** Resolves when no promise is left that could settle: Node runs an immediate only then. The one thing that this package needs of its platform. */
export function jobsDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
