import type { Measurement } from './scenario.ts'

/** What this process holds now, after garbage was collected; its worker must run with --expose-gc. */
export async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('start this worker with --expose-gc')
  for (let pass = 0; pass < 3; pass++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage()
}

/** What each of `count` connections added between two readings, in bytes. */
export function memoryPerConnection(
  before: NodeJS.MemoryUsage,
  after: NodeJS.MemoryUsage,
  count: number,
): Measurement {
  const managed = after.heapUsed + after.external - before.heapUsed - before.external
  return {
    managedBytes: managed / count,
    heapBytes: (after.heapUsed - before.heapUsed) / count,
    externalBytes: (after.external - before.external) / count,
    residentBytes: (after.rss - before.rss) / count,
  }
}
