import { parseArgs } from 'node:util'
import { runHandshakes } from './handshake-run.ts'

// node fuzz/handshake.ts --runs 1000000 --seed 7: reads mutated handshake messages; exits with an error at the first broken promise.
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
const runs = Number(values.runs)
const seed = Number(values.seed)
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs ${values.runs}: must be a whole number from 1`)
if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed}: must be a whole number`)

const started = process.hrtime.bigint()
const tally = runHandshakes({ runs, seed })
const seconds = Number(process.hrtime.bigint() - started) / 1e9
console.log(`${runs} handshakes, seed ${seed}, ${Math.round(runs / seconds)} a second`)
console.table(tally)
