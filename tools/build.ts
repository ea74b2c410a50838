/**
 * Builds every package under packages/: ES modules by tsup, declarations by tsc, CommonJS doors that
 * `require` the ES module, so that both kinds of importer hold the same classes and the same registry.
 * A package with unchanged inputs is left alone; `--force` builds all.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build as bundle } from 'tsup'
import { bundleOptions, productionOptions } from '../tsup.config.ts'
import { commonJsDeclaration, escapes, moduleDeclaration } from './declarations.ts'
import {
  doors,
  hasProduction,
  publicPackages,
  root,
  typescriptFiles,
  type WorkspacePackage,
} from './workspace.ts'

const stampsPath = join(root, 'node_modules/.cache/millrace-build.json')
const tsc = join(root, 'node_modules/typescript/bin/tsc')

async function main(): Promise<void> {
  const started = performance.now()
  const stamps = process.argv.includes('--force') ? {} : readStamps()
  const built: string[] = []
  const failed = new Set<string>()
  const buildOne = async (pkg: WorkspacePackage): Promise<void> => {
    const { name } = pkg.manifest
    const missing = dependencies(pkg).filter((dependency) => failed.has(dependency))
    try {
      if (missing.length > 0) throw new Error(`it needs ${missing.join(', ')}`)
      const stamp = stampOf(pkg, stamps)
      if (stamps[name] === stamp && existsSync(join(pkg.path, 'dist'))) return
      delete stamps[name]
      await buildPackage(pkg)
      stamps[name] = stamp
      built.push(name)
    } catch (error) {
      failed.add(name)
      console.error(`build: ${name} FAILED: ${error instanceof Error ? error.message : error}`)
    }
  }
  for (const wave of waves(publicPackages())) {
    await Promise.all(wave.map(buildOne))
    writeStamps(stamps)
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (built.length > 0) console.log(`build: ${built.join(', ')} (${seconds} s)`)
  else if (failed.size === 0) console.log(`build: nothing to do (${seconds} s)`)
  if (failed.size > 0) process.exitCode = 1
}

async function buildPackage(pkg: WorkspacePackage): Promise<void> {
  const next = join(pkg.path, 'dist.next')
  rmSync(next, { recursive: true, force: true })
  const production = hasProduction(pkg) ? join(next, 'production') : undefined
  const results = await Promise.allSettled([
    bundle({ ...bundleOptions(pkg, next), config: false, silent: true }),
    production && bundle({ ...productionOptions(pkg, production), config: false, silent: true }),
    emitDeclarations(pkg, next),
  ])
  const failures = results
    .filter((result) => result.status === 'rejected')
    .map((result) => String(result.reason))
  if (failures.length > 0) {
    rmSync(next, { recursive: true, force: true })
    throw new Error(failures.join('\n'))
  }
  writeDoors(pkg, next)
  if (production !== undefined) writeCommonJsDoors(pkg, production)
  // A running program keeps its files until the new ones are whole.
  rmSync(join(pkg.path, 'dist'), { recursive: true, force: true })
  renameSync(next, join(pkg.path, 'dist'))
}

async function emitDeclarations(pkg: WorkspacePackage, out: string): Promise<void> {
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--paths', 'null']
  await run(pkg.path, [tsc, '-p', 'tsconfig.json', ...options, '--rootDir', 'src', '--outDir', out])
  for (const file of typescriptFiles(out)) {
    const path = join(out, file)
    if (!file.endsWith('.d.ts') || file.endsWith('.test.d.ts')) {
      rmSync(path)
      continue
    }
    const text = readFileSync(path, 'utf8')
    const outside = escapes(file, text)
    if (outside.length > 0) throw new Error(`${file} reaches out of its package: ${outside.join(', ')}`)
    writeFileSync(path, moduleDeclaration(text))
    writeFileSync(path.replace(/\.d\.ts$/, '.d.cts'), commonJsDeclaration(text))
  }
}

function writeCommonJsDoors(pkg: WorkspacePackage, out: string): void {
  for (const { output } of doors(pkg)) {
    const name = output.slice(output.lastIndexOf('/') + 1)
    mkdirSync(dirname(join(out, output)), { recursive: true })
    writeFileSync(join(out, `${output}.cjs`), `'use strict'\nmodule.exports = require('./${name}.js')\n`)
  }
}

function writeDoors(pkg: WorkspacePackage, out: string): void {
  writeCommonJsDoors(pkg, out)
  for (const { output, source } of doors(pkg)) {
    const name = output.slice(output.lastIndexOf('/') + 1)
    if (source.endsWith(`${output}.ts`)) continue
    writeFileSync(join(out, `${output}.d.ts`), `export * from './${name}/index.js'\n`)
    writeFileSync(join(out, `${output}.d.cts`), `export * from './${name}/index.cjs'\n`)
  }
}

/** Packages grouped so that each group needs only the groups before it. */
function waves(packages: readonly WorkspacePackage[]): WorkspacePackage[][] {
  const groups: WorkspacePackage[][] = []
  const names = new Set(packages.map(({ manifest }) => manifest.name))
  let left = [...packages]
  while (left.length > 0) {
    const waiting = new Set(left.map(({ manifest }) => manifest.name))
    const ready = left.filter((pkg) =>
      dependencies(pkg).every((name) => !names.has(name) || !waiting.has(name)),
    )
    if (ready.length === 0) throw new Error(`circle of dependencies among ${[...waiting].join(', ')}`)
    groups.push(ready)
    left = left.filter((pkg) => !ready.includes(pkg))
  }
  return groups
}

/** A digest of everything the output depends on; a dependency counts by its own stamp. */
function stampOf(pkg: WorkspacePackage, stamps: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256')
  const source = typescriptFiles(join(pkg.path, 'src')).filter((file) => !file.endsWith('.test.ts'))
  const shared = ['tsconfig.base.json', 'tsconfig.pure.json', 'pnpm-lock.yaml', ...toolSources()]
  const paths = [
    ...shared.map((file) => join(root, file)),
    join(pkg.path, 'package.json'),
    join(pkg.path, 'tsconfig.json'),
    ...source.map((file) => join(pkg.path, 'src', file)),
  ]
  for (const path of paths)
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0')
  for (const name of dependencies(pkg)) hash.update(`${name} ${stamps[name] ?? 'external'}\0`)
  return hash.digest('hex')
}

function toolSources(): string[] {
  const own = ['build', 'declarations', 'production', 'source-file', 'workspace']
  return ['tsup.config.ts', ...own.map((name) => `tools/${name}.ts`)]
}

function dependencies({ manifest }: WorkspacePackage): string[] {
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  })
}

function run(cwd: string, args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.on('error', fail)
    child.on('close', (code) => (code === 0 ? done() : fail(output.trim())))
  })
}

function readStamps(): Record<string, string> {
  return existsSync(stampsPath) ? JSON.parse(readFileSync(stampsPath, 'utf8')) : {}
}

function writeStamps(stamps: Readonly<Record<string, string>>): void {
  mkdirSync(dirname(stampsPath), { recursive: true })
  writeFileSync(stampsPath, JSON.stringify(stamps, undefined, 2))
}

await main()
