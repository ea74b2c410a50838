/**
 * Packs every package and uses the tarballs as a stranger would: installed by npm into an empty folder, imported
 * and required by the oldest, the present and the newest Node, compiled against, and looked over by publint
 * and attw. Prints a table; exits with 1 when anything is wrong. `--keep` leaves the folder behind.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { doors, publicPackages, root, type WorkspacePackage } from './workspace.ts'

const PNPM = 'pnpm@12.21.0'
const RUNTIMES = ['20.20.2', '24.21.0', '26.10.0']

type Row = { readonly what: string; readonly outcome: 'ok' | 'FAILED'; readonly output: string }
type Result = { readonly isOk: boolean; readonly output: string }

const bin = {
  publint: join(root, 'node_modules/.bin/publint'),
  attw: join(root, 'node_modules/.bin/attw'),
  tsc: join(root, 'node_modules/typescript/bin/tsc'),
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
  try {
    const rows = check(folder, publicPackages())
    for (const { what, outcome, output } of rows) {
      if (outcome === 'FAILED') console.error(`\n== ${what}\n${output}`)
    }
    console.log()
    for (const { what, outcome } of rows) console.log(`${what.padEnd(48)}${outcome}`)
    if (rows.some(({ outcome }) => outcome === 'FAILED')) process.exitCode = 1
  } finally {
    if (process.argv.includes('--keep')) console.log(`\nleft behind: ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

function check(folder: string, packages: readonly WorkspacePackage[]): Row[] {
  const rows: Row[] = []
  const tarballs = new Map<string, string>()
  const note = (what: string, { isOk, output }: Result): boolean => {
    console.log(`${isOk ? 'ok    ' : 'FAILED'} ${what}`)
    rows.push({ what, outcome: isOk ? 'ok' : 'FAILED', output })
    return isOk
  }
  for (const pkg of packages) {
    const { name } = pkg.manifest
    const out = join(folder, 'tarballs', name.replace('/', '-'))
    mkdirSync(out, { recursive: true })
    const packed = run('npx', ['-y', PNPM, 'pack', '--pack-destination', out], pkg.path)
    const file = readdirSync(out)[0]
    if (!note(`${name}: pack`, packed) || file === undefined) continue
    const tarball = join(out, file)
    tarballs.set(name, tarball)
    note(`${name}: publint`, run(bin.publint, ['run', tarball, '--strict'], folder))
    note(`${name}: attw`, run(bin.attw, [tarball, '--no-color'], folder))
  }
  const project = makeProject(folder, tarballs)
  const isInstalled = note(
    'npm install of the tarballs',
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], project),
  )
  if (!isInstalled) return rows
  note('no install scripts', installScripts(project))
  note('consumer compiles (ESM and CommonJS)', compileConsumer(project, packages))
  note('npx millrace netem --help', run('npx', ['--no-install', 'millrace', 'netem', '--help'], project))
  for (const version of RUNTIMES) {
    const node = runtime(version, folder)
    for (const program of ['smoke.mjs', 'smoke.cjs']) {
      for (const options of [[], ['--conditions=production']]) {
        const words = [...options, program]
        note(
          `node ${version}: ${words.join(' ')}`,
          typeof node === 'string' ? runSilent(node, words, project) : node,
        )
      }
    }
  }
  return rows
}

function makeProject(folder: string, tarballs: ReadonlyMap<string, string>): string {
  const project = join(folder, 'project')
  mkdirSync(project)
  const dependencies = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]))
  // A package that another one names by version must come from its tarball as well, at any depth.
  const overrides = Object.fromEntries([...tarballs.keys()].map((name) => [name, `$${name}`]))
  const manifest = { name: 'stranger', version: '1.0.0', private: true, dependencies, overrides }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, undefined, 2))
  for (const file of readdirSync(join(root, 'tools')).filter((name) => name.startsWith('smoke'))) {
    cpSync(join(root, 'tools', file), join(project, file))
  }
  return project
}

function installScripts(project: string): Result {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'))
  const entries = Object.entries<{ hasInstallScript?: boolean }>(lock.packages)
  const found = entries.filter(([, entry]) => entry.hasInstallScript).map(([path]) => path)
  return { isOk: found.length === 0, output: found.join('\n') }
}

/** Without skipLibCheck, so that a fault inside a declaration counts. */
function compileConsumer(project: string, packages: readonly WorkspacePackage[]): Result {
  const specifiers = packages.flatMap((pkg) => doors(pkg).map(({ specifier }) => specifier))
  const esm = specifiers.map((name, at) => `import * as door${at} from '${name}'\nexport { door${at} }\n`)
  const commonJs = specifiers.map(
    (name, at) => `import door${at} = require('${name}')\nexport { door${at} }\n`,
  )
  writeFileSync(join(project, 'consumer.mts'), esm.join(''))
  writeFileSync(join(project, 'consumer.cts'), commonJs.join(''))
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const config = { compilerOptions: options, files: ['consumer.mts', 'consumer.cts'] }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  return run(process.execPath, [bin.tsc, '-p', '.'], project)
}

/** The path of that Node: the machine's own when its line fits, else the one from npm. */
function runtime(version: string, folder: string): string | Result {
  const line = `v${version.split('.')[0]}.`
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(directory, process.platform === 'win32' ? 'node.exe' : 'node')
    if (existsSync(node) && run(node, ['--version'], folder).output.startsWith(line)) return node
  }
  const fetched = run('npx', ['-y', `node@${version}`, '-p', 'process.execPath'], folder)
  const path = fetched.output.trim().split('\n').pop() ?? ''
  return fetched.isOk && existsSync(path) ? path : { isOk: false, output: fetched.output }
}

/** A warning is a failure too: a user would see it. */
function runSilent(node: string, words: readonly string[], project: string): Result {
  const { status, stdout, stderr, error } = spawnSync(node, words, {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return { isOk: status === 0 && stderr === '', output: `${stdout ?? ''}${stderr ?? ''}${error ?? ''}` }
}

function run(command: string, args: readonly string[], cwd: string): Result {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  return { isOk: status === 0, output: `${stdout ?? ''}${status === 0 ? '' : (stderr ?? '')}${error ?? ''}` }
}

main()
