import { memoryPerConnection, settledMemory } from './idle-memory.ts'
import { work } from './worker-side.ts'

/** The frame of a worker that weighs `count` of what `make` makes. The first few are there before. */
export function weighFresh(make: () => unknown): void {
  work<{ count: number }>(async ({ count }, parent) => {
    const first = Array.from({ length: 10 }, make)
    // Filled beforehand, so that the array itself isn't weighed.
    const kept: unknown[] = new Array(count).fill(null)
    await parent.ready()
    const before = await settledMemory()
    for (let index = 0; index < count; index++) kept[index] = make()
    const after = await settledMemory()
    if (first.length + kept.length !== count + 10) throw new Error('some were collected')
    parent.result(memoryPerConnection(before, after, count))
  })
}
