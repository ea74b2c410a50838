/**
 * Plants each of the faults of planted-faults.ts in a copy of the sources, runs the swarm over it until a seed fails, and says whether one did:
 * `node testkit/src/planted.ts --seeds 300`, and `--only 3,4` for some of them. Changes nothing here.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { plantedFaults } from './planted-faults.ts'

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
  for (const [index, { name, file, right, wrong, options = '' }] of plantedFaults.entries()) {
    if (only !== undefined && !only.includes(index)) continue
    const path = join(copy, file)
    const source = readFileSync(path, 'utf8')
    if (source.split(right).length !== 2) throw new Error(`${file} has not once: ${right}`)
    writeFileSync(
      path,
      source.replace(right, () => wrong),
    )
    const words = [...options.split(' '), '--seeds', values.seeds, '--first-failure'].filter(
      (word) => word !== '',
    )
    const run = spawnSync(
      process.execPath,
      ['--import', './bench/src/from-source.ts', 'testkit/src/sim.ts', ...words],
      { cwd: copy, encoding: 'utf8', timeout: 300_000 },
    )
    writeFileSync(path, source)
    const isFound = run.status !== 0 && run.stderr.includes('seed ')
    if (!isFound) missed++
    const how = isFound
      ? run.stderr.split('\n')[0].slice(0, 160)
      : run.stderr.split('\n').slice(-8).join('\n')
    console.log(`${index} ${isFound ? 'found ' : 'MISSED'} ${name}: ${how}`)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
if (missed > 0) process.exitCode = 1
