import { parseArgs } from 'node:util'
import { anyCase, casesByType } from './cases.ts'
import { runType } from './value-run.ts'

// node fuzz/values.ts --values 1000000 --seed 7: so many random values of each type, there and back; `--only map,set` for a
// few types. Exits with an error at the end if a type has failures; each is printed with its schema and value.
const { values: given } = parseArgs({
  options: {
    values: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    schemas: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
  },
})

function whole(name: 'values' | 'seed' | 'schemas'): number {
  const value = Number(given[name])
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`--${name} ${given[name]}: must be a whole number from 1`)
}

const plan = { values: whole('values'), schemas: whole('schemas'), seed: whole('seed') }
const only = given.only === '' ? undefined : given.only.split(',')
let failures = 0
console.log(`seed ${plan.seed}, ${plan.schemas} schemas a type, both back ends, both byte orders`)
for (const [name, cases] of [...casesByType(), ['any', anyCase] as const]) {
  if (only !== undefined && !only.includes(name)) continue
  const report = runType(cases, plan, (problem) => console.error(`${name}: ${problem}`))
  failures += report.failures
  const seconds = (report.ms / 1000).toFixed(1)
  console.log(
    `${name.padEnd(15)} ${String(report.values).padStart(9)} values, ${String(report.bytes).padStart(10)} bytes, ` +
      `${seconds.padStart(6)} s, ${report.failures} failures`,
  )
}
if (failures > 0) process.exitCode = 1
