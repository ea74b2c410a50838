// Tests fake the time: what is faked later never comes. These are the real ones, and all that this package needs of its platform.
const { setImmediate } = globalThis
const nextTick = process.nextTick.bind(process)

/**
 * Resolves when no promise is left that could settle by itself: Node goes on with the queue of its ticks only then. Events of the process, such as
 * those of files, are not looked for, which takes a tenth of the time.
 */
export function jobsDone(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve))
}

/** The same, and the process has looked for events: what waits for a file, or for a module, comes on. */
export function eventsSeen(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
