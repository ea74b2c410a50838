import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Parent } from '../worker-side.ts'
import { type FloodOptions, passed } from './flood-options.ts'

/** Reports what a flood did to the process of a server: how long its loop stood still, and how much of the flood it took. */
export async function reportFlood(
  { warmupMs, measureMs }: FloodOptions,
  parent: Parent,
  bytesIn: () => number,
): Promise<void> {
  await passed(warmupMs)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const before = bytesIn()
  const since = performance.now()
  await passed(measureMs)
  const floodMBs = (bytesIn() - before) / 1000 / (performance.now() - since)
  delay.disable()
  // A loop that never came round was not even measured.
  const lagUs = delay.count === 0 ? measureMs * 1000 : delay.max / 1000
  parent.result({ lagUs, floodMBs })
}
