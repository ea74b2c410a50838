/**
 * Runs honest peers under tight limits over many seeds: `node testkit/src/honest.ts --seeds 10000 --from 1`, after a build. Prints
 * each seed that fails with what went wrong, the command that plays it again, and a summary. `--with all`, or `--with` and the name of a
 * feature, draws also what `unmended` leaves out.
 */
import { parseArgs } from 'node:util'
import { type HonestFeature, honestFeatures, unmended } from './honest-plan.ts'
import { runHonest } from './honest-run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    with: { type: 'string', multiple: true, default: [] },
  },
})
const wanted = values.with.flatMap((name) => (name === 'all' ? honestFeatures : [name as HonestFeature]))
for (const name of wanted) {
  if (!honestFeatures.includes(name))
    throw new Error(`no feature '${name}'; there are: all, ${honestFeatures.join(', ')}`)
}
const without = unmended.filter((feature) => !wanted.includes(feature))
const more = values.with.map((name) => ` --with '${name}'`).join('')
const from = Number(values.from)
const count = Number(values.seeds)
const started = performance.now()
const met = new Map<string, number>()
const sums = { channels: 0, messages: 0, virtualMs: 0 }
let failures = 0

for (let seed = from; seed < from + count; seed++) {
  try {
    const report = await runHonest(seed, { without })
    sums.channels += report.channels
    sums.messages += report.messages
    sums.virtualMs += report.virtualMs
    for (const what of report.met) met.set(what, (met.get(what) ?? 0) + 1)
  } catch (error) {
    failures++
    console.error(error instanceof Error ? error.message : error)
    console.error(`  again: node testkit/src/honest.ts --seeds 1 --from ${seed}${more}`)
  }
}

const seconds = (performance.now() - started) / 1000
console.log(
  `${count} seeds from ${from}, ${failures} failed, ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(1)} seeds/s`,
)
console.log(
  `${sums.channels} channels, ${sums.messages} messages, ${(sums.virtualMs / 1000).toFixed(0)} virtual seconds`,
)
console.log([...met].map(([what, times]) => `${what} ${times}`).join(', '))
if (failures > 0) process.exitCode = 1
