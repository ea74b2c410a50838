import { performance } from 'node:perf_hooks'
import type { Parent } from '../worker-side.ts'
import { type FloodOptions, passed } from './flood-options.ts'

/** What a guest does to a server of its kind. */
export type Guest = {
  /** Resolves when the server has echoed a message. */
  echo(): Promise<unknown>
  /** Opens one more connection, and ends it. Rejects if that fails. */
  open(): Promise<void>
}

/** So long a guest waits for an answer at most, in milliseconds. What doesn't come is counted as having taken so long. */
const patienceMs = 2000

/** Asks and opens while others flood, and reports how long the answers took and how many connections opened. */
export async function reportGuest(options: FloodOptions, parent: Parent, guest: Guest): Promise<void> {
  const { warmupMs, measureMs, openCount } = options
  await passed(warmupMs)
  const end = performance.now() + measureMs
  const tookMs: number[] = []
  const asking = async () => {
    while (performance.now() < end) {
      const since = performance.now()
      await Promise.race([guest.echo(), passed(patienceMs)])
      tookMs.push(performance.now() - since)
      await passed(5)
    }
  }
  const opening = async () => {
    let opened = 0
    for (let count = 0; count < openCount; count++) {
      const open = guest.open().then(
        () => 1,
        () => 0,
      )
      opened += await Promise.race([open, passed(patienceMs).then(() => 0)])
      if (performance.now() > end + patienceMs) break
      await passed(Math.min(measureMs / openCount, 50))
    }
    return opened
  }
  const [opened] = await Promise.all([opening(), asking()])
  tookMs.sort((one, other) => one - other)
  const at = (share: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] * 1000
  parent.result({ p50Us: at(0.5), p99Us: at(0.99), opened })
}
