import { parseArgs } from 'node:util'
import { runMutations } from './mutation-run.ts'

// node fuzz/fuzz.ts --runs 1000000 --seed 7: reads mutated messages; exits with an error at the first broken promise.
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
const runs = Number(values.runs)
const seed = Number(values.seed)
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs ${values.runs}: must be a whole number from 1`)
if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed}: must be a whole number`)

const started = process.hrtime.bigint()
const { read, refused } = runMutations({ runs, seed })
const seconds = Number(process.hrtime.bigint() - started) / 1e9
console.log(`${runs} runs, seed ${seed}, ${Math.round(runs / seconds)} a second: ${read} read`)
console.table(refused)
