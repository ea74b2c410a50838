/**
 * Everything `npm test` checks after the install, one step after another, with a summary at the end.
 * Names of steps as arguments run those alone: `node tools/verify.ts types lint`.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root, workspacePackages } from './workspace.ts'

type Outcome = 'ok' | 'FAILED' | 'not run'
type Step = { readonly name: string; readonly needs?: string; readonly run: () => Promise<boolean> }

const bin = {
  tsc: join(root, 'node_modules/typescript/bin/tsc'),
  biome: join(root, 'node_modules/@biomejs/biome/bin/biome'),
  vitest: join(root, 'node_modules/vitest/vitest.mjs'),
}

const STEPS: readonly Step[] = [
  { name: 'build', run: () => node(join(root, 'tools/build.ts')) },
  { name: 'types', run: checkTypes },
  { name: 'lint', run: () => node(bin.biome, 'check', '--error-on-warnings') },
  { name: 'tests', needs: 'build', run: () => node(bin.vitest, 'run') },
]

async function main(): Promise<void> {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name))
  if (unknown.length > 0) {
    throw new Error(`no step ${unknown.join(', ')}; there are ${STEPS.map(({ name }) => name).join(', ')}`)
  }
  const rows: { name: string; outcome: Outcome; seconds: number }[] = []
  for (const step of STEPS) {
    if (wanted.length > 0 && !wanted.includes(step.name)) continue
    console.log(`\n== ${step.name}`)
    const started = performance.now()
    const isBlocked = rows.some(({ name, outcome }) => name === step.needs && outcome !== 'ok')
    const outcome: Outcome = isBlocked ? 'not run' : (await step.run()) ? 'ok' : 'FAILED'
    rows.push({ name: step.name, outcome, seconds: (performance.now() - started) / 1000 })
  }
  console.log()
  for (const { name, outcome, seconds } of rows) {
    console.log(`${name.padEnd(8)}${outcome.padEnd(8)}${seconds.toFixed(1).padStart(6)} s`)
  }
  if (rows.some(({ outcome }) => outcome !== 'ok')) {
    console.log('\nverification FAILED')
    process.exitCode = 1
  }
}

/** Sources by the configuration of their own package, everything else by the one of the root. */
async function checkTypes(): Promise<boolean> {
  const projects = workspacePackages()
    .map(({ directory }) => directory)
    .filter((directory) => existsSync(join(root, directory, 'tsconfig.json')))
  const waiting = [...projects, '.']
  let isOk = true
  const worker = async () => {
    for (let project = waiting.pop(); project !== undefined; project = waiting.pop()) {
      const passed = await node(bin.tsc, '--noEmit', '-p', join(root, project, 'tsconfig.json'))
      if (!passed) console.error(`types: ${project} has errors`)
      isOk &&= passed
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker))
  if (isOk) console.log(`types: ${projects.length + 1} projects are fine`)
  return isOk
}

function node(...args: readonly string[]): Promise<boolean> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => {
      console.error(error.message)
      done(false)
    })
    child.on('close', (code) => done(code === 0))
  })
}

await main()
