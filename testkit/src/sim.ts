/**
 * Runs the swarm of `@millrace/sim` over many seeds: `npm run sim -- --seeds 100000 --from 1`, or one of them: `--seed 7 --hazards 0,3`, which keeps those
 * hazards alone. `--transport`, `--encryption`, `--weather` and `--load` say what is drawn otherwise, `--first-failure` ends with the first, and `--brief` says only what went wrong first. Prints each seed that fails, how little of it is
 * enough, and a summary; with `--verbose` also how often each rule was looked at.
 */
import { parseArgs } from 'node:util'
import { drawPlan, type PlanOptions, ruleNames, runPlan, swarm } from '@millrace/sim'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    hazards: { type: 'string' },
    transport: { type: 'string' },
    encryption: { type: 'string' },
    weather: { type: 'string' },
    load: { type: 'string' },
    'first-failure': { type: 'boolean' },
    brief: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
})

const from = whole('seed', values.seed ?? values.from)
const count = values.seed === undefined ? whole('seeds', values.seeds) : 1
const said: PlanOptions = {
  transport: oneOf('transport', values.transport, ['tcp', 'udp']),
  encryption: oneOf('encryption', values.encryption, ['none', 'key', 'XX', 'IK']),
  weather: oneOf('weather', values.weather, ['mild', 'wild']),
  load: oneOf('load', values.load, ['light', 'heavy']),
}
const started = performance.now()
const reasons = new Map<string, number>()
const rules = new Map<string, number>(ruleNames.map((name) => [name, 0]))
let [failures, virtualMs, datagrams] = [0, 0, 0]

for (let seed = from; seed < from + count; seed++) {
  try {
    const options = { ...said, hazards: keptOf(seed) }
    const report = values.brief ? await runPlan(drawPlan(seed, options)) : await swarm(seed, options)
    if (report.faults.length > 0) throw new Error(`seed ${seed}: ${report.faults[0]}`)
    virtualMs += report.virtualMs
    datagrams += report.datagrams
    for (const [reason, times] of report.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + times)
    for (const [rule, times] of report.rules) rules.set(rule, (rules.get(rule) ?? 0) + times)
  } catch (error) {
    failures++
    console.error(error instanceof Error ? error.message : error)
    if (values['first-failure']) break
  }
}

const seconds = (performance.now() - started) / 1000
console.log(`${count} seeds from ${from}, ${failures} failed, ${seconds.toFixed(1)} s`)
console.log(
  `${(virtualMs / 1000 / seconds).toFixed(0)} times faster than real time, ${datagrams} datagrams; ends of channels: ${[...reasons].map(([reason, times]) => `${reason} ${times}`).join(', ')}`,
)
if (values.verbose) {
  console.log('how often each rule was looked at:')
  for (const [rule, times] of rules) console.log(`${String(times).padStart(10)}  ${rule}`)
}
if (failures > 0) process.exitCode = 1

/** The hazards that are kept, by their places in what is drawn for the seed. */
function keptOf(seed: number): PlanOptions['hazards'] {
  if (values.hazards === undefined) return undefined
  const { hazards } = drawPlan(seed, said)
  if (values.hazards === 'none') return []
  const places = values.hazards.split(',').map(Number)
  const wrong = places.find((place) => hazards[place] === undefined)
  if (wrong !== undefined)
    throw new Error(`--hazards: seed ${seed} has 0 to ${hazards.length - 1}; got ${wrong}`)
  return places.map((place) => hazards[place])
}

function whole(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw new Error(`--${name} takes a whole number; got ${text}`)
}

function oneOf<T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined || choices.includes(text as T)) return text as T | undefined
  throw new Error(`--${name} is ${choices.join(' or ')}; got ${text}`)
}
