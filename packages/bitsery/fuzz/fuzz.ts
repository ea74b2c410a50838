import { loadCorpus, randomCorpus } from './corpus.ts'
import { HeapRun } from './heap-run.ts'
import { nowMs, wholeOptions } from './options.ts'
import { ReadRun } from './read-run.ts'

// node --expose-gc fuzz/fuzz.ts --runs 1000000 --seed 7 --heap 100: reads mutated vectors and exits with an error at the first
// broken promise; then weighs what reads leave on the heap, with so many inputs a schema (0: not at all). `--schemas` says how many
// random schemas there are besides those of the vectors.
const { runs, seed, heap, schemas } = wholeOptions({ runs: 1_000_000, seed: 1, heap: 100, schemas: 500 })
const PROGRESS_MS = 60_000

const vectors = loadCorpus()
const targets = [...vectors, ...randomCorpus(schemas, seed)]
console.log(`seed ${seed}, ${vectors.length} schemas of the vectors, ${schemas} random ones`)

function readAll(): void {
  const startMs = nowMs()
  let toldMs = startMs
  const campaign = new ReadRun(targets, seed)
  for (let run = 0; run < runs; run++) {
    campaign.step(run)
    if (run % 10_000 === 0 && nowMs() - toldMs > PROGRESS_MS) {
      toldMs = nowMs()
      console.log(`${run} runs, ${Math.round(run / ((toldMs - startMs) / 1000))} a second`)
    }
  }
  const { outcomes, bytes, compared, rewritten, slowest } = campaign.report
  const seconds = (nowMs() - startMs) / 1000
  console.log(
    `${runs} runs in ${Math.round(seconds)} s, ${bytes} bytes; compared ${compared}, rewritten ${rewritten}`,
  )
  console.log(
    `slowest: ${slowest.ms.toFixed(1)} ms for ${slowest.bytes} bytes, ${slowest.schema.slice(0, 300)}`,
  )
  console.table(outcomes)
}

function weighAll(): void {
  const startMs = nowMs()
  const campaign = new HeapRun(seed)
  // The byte order changes nothing about values: collections of garbage are slow, so each schema is weighed once.
  const once = new Map(targets.map((target) => [JSON.stringify(target.descriptor), target]))
  const found = Array.from(once.values(), (target) => campaign.weigh(target, heap)).filter(
    (one) => one !== undefined,
  )
  for (const line of campaign.summary(found)) console.log(line)
  console.log(`${Math.round((nowMs() - startMs) / 1000)} s`)
  if (found.some(({ isOver }) => isOver)) process.exitCode = 1
}

if (runs > 0) readAll()
if (heap > 0) weighAll()
