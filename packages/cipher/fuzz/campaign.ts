import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { Random } from './record-rig.ts'

/** So much may live on the heap at any time: nothing that is fed in piles up. */
const HEAP_MAX = 256 * 2 ** 20

/** Runs so many steps, each with its own seed, counts what came of them, and names seed and step of the first that breaks a promise. */
export function campaign(
  runs: number,
  seed: number,
  make: (random: Random) => () => string,
  stepsEach: number,
): Record<string, number> {
  const counts: Record<string, number> = {}
  let step: (() => string) | undefined
  for (let run = 0; run < runs; run++) {
    const episode = Math.floor(run / stepsEach)
    try {
      if (run % stepsEach === 0 || step === undefined) step = make(new Random(seed + episode * 7919))
      const outcome = step()
      counts[outcome] = (counts[outcome] ?? 0) + 1
    } catch (cause) {
      throw new Error(`seed ${seed}, run ${run}, of episode ${episode}`, { cause })
    }
    if (run % 50_000 === 0 && process.memoryUsage().heapUsed > HEAP_MAX)
      throw new Error(`seed ${seed}, run ${run}: ${process.memoryUsage().heapUsed} bytes on the heap`)
  }
  return counts
}

/** `--runs` and `--seed` of the command line, and what else a campaign has: any other option is an error. */
export function asked(more: ParseArgsOptionsConfig = {}): {
  runs: number
  seed: number
  values: Readonly<Record<string, unknown>>
} {
  const { values } = parseArgs({
    options: {
      ...more,
      runs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const runs = Number(values.runs)
  const seed = Number(values.seed)
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs ${values.runs}: must be a whole number from 1`)
  if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed}: must be a whole number`)
  return { runs, seed, values }
}

/** Runs a campaign and prints what came of it. */
export function report(
  name: string,
  run: (runs: number, seed: number) => Record<string, number>,
  { runs, seed } = asked(),
): void {
  const started = process.hrtime.bigint()
  const counts = run(runs, seed)
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  console.log(`${name}: ${runs} runs, seed ${seed}, ${Math.round(runs / seconds)} a second`)
  console.table(counts)
}
