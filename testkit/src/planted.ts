/**
 * Plants each of the faults of planted-faults.ts in a copy of the sources, runs the swarm over it until a seed fails, and prints a table of how many seeds that
 * took and which rule it was: `node testkit/src/planted.ts --seeds 300`, and `--only 3,4` for some of them. The same sources give the same table. Changes
 * nothing here; exit code 1 if a fault was missed, or found by no rule.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Change, type PlantedFault, plantedFaults } from './planted-faults.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '300' }, only: { type: 'string' } },
})
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const copy = mkdtempSync(join(tmpdir(), 'planted-'))
const only = values.only?.split(',').map(Number)
let missed = 0

try {
  for (const folder of ['packages', 'testkit', 'bench', 'tools'])
    cpSync(join(root, folder), join(copy, folder), { recursive: true, verbatimSymlinks: true })
  for (const file of ['package.json', 'tsconfig.base.json', 'pnpm-workspace.yaml'])
    cpSync(join(root, file), join(copy, file))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  console.log('| | fault | seeds | rule that found it |\n|---|---|---|---|')
  for (const [index, fault] of plantedFaults.entries()) {
    if (only !== undefined && !only.includes(index)) continue
    const { seeds, rule } = planted(fault)
    if (rule === '') missed++
    console.log(`| ${index} | ${fault.name} | ${seeds} | ${rule || 'MISSED'} |`)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
if (missed > 0) process.exitCode = 1

/** How many seeds it took, and the rule; '' when none found it. */
function planted(fault: PlantedFault): { seeds: string; rule: string } {
  const before = [fault, ...(fault.also === undefined ? [] : [fault.also])].map(plant)
  const { options = '' } = fault
  const words = [...options.split(' '), '--seeds', values.seeds, '--first-failure', '--brief']
  const run = spawnSync(
    process.execPath,
    ['--import', './bench/src/from-source.ts', 'testkit/src/sim.ts', ...words.filter((word) => word !== '')],
    { cwd: copy, encoding: 'utf8' },
  )
  for (const [path, source] of before) writeFileSync(path, source)
  const found = /^seed (\d+): at [\d.e+-]+ ms: '([^']+)'/m.exec(run.stderr)
  if (found === null) {
    // What can't run at all is no fault that was found.
    if (run.status !== 0) throw new Error(run.stderr)
    return { seeds: `${values.seeds} in vain`, rule: '' }
  }
  return { seeds: found[1], rule: found[2] }
}

/** Returns what was there before. */
function plant({ file, right, wrong }: Change): [path: string, source: string] {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  if (source.split(right).length !== 2) throw new Error(`${file} has not once: ${right}`)
  writeFileSync(
    path,
    source.replace(right, () => wrong),
  )
  return [path, source]
}
