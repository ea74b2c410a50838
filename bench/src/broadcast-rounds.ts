import type { Measurement } from './scenario.ts'
import type { WindowOptions } from './window.ts'

/** One round begins every so many milliseconds, so that the readers have always caught up before the next. */
const tickMs = 10

/**
 * Runs rounds at a steady tick and measures the CPU time that this process spends on each, by microseconds.
 * `round` sends one message to all and settles when all of it has gone to the kernel.
 */
export async function measureRounds(
  { warmupMs, measureMs }: WindowOptions,
  channelCount: number,
  round: () => Promise<void>,
): Promise<Measurement> {
  const run = async (forMs: number) => {
    const endMs = performance.now() + forMs
    let rounds = 0
    for (
      let nextMs = performance.now();
      nextMs < endMs;
      nextMs = Math.max(nextMs + tickMs, performance.now())
    ) {
      await round()
      rounds++
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs + tickMs - performance.now())))
    }
    return rounds
  }
  await run(warmupMs)
  const before = process.cpuUsage()
  const rounds = await run(measureMs)
  const { user, system } = process.cpuUsage(before)
  const cpuUsPerRound = (user + system) / rounds
  return { cpuUsPerRound, cpuNsPerChannel: (cpuUsPerRound * 1000) / channelCount }
}
