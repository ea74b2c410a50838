import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NotRun } from './scenario.ts'
import type { Program } from './worker.ts'

const run = promisify(execFile)
const compiled = new Map<string, Promise<Program>>()

/** How a file of native/ is compiled, and what to say where the machine lacks what it needs. */
type Recipe = {
  readonly compiler: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly isMissing: RegExp
  readonly missing: string
}

const zmq: Recipe = {
  compiler: 'cc',
  before: ['-O2'],
  after: ['-lzmq'],
  isMissing: /zmq\.h|-lzmq/,
  missing: 'libzmq with its header is not installed (Debian: libzmq3-dev)',
}

const enet: Recipe = {
  compiler: 'cc',
  before: ['-O2'],
  after: ['-lenet'],
  isMissing: /enet\/enet\.h|-lenet/,
  missing: 'ENet with its header is not installed (Debian: libenet-dev)',
}

const bitseryInclude = process.env.BITSERY_INCLUDE

const bitsery: Recipe = {
  compiler: 'c++',
  before: ['-std=c++17', '-O2', '-DNDEBUG', ...(bitseryInclude === undefined ? [] : [`-I${bitseryInclude}`])],
  after: [],
  isMissing: /bitsery\/\S+\.h\W+(No such file|file not found)/,
  missing: 'the headers of the C++ library bitsery were not found (BITSERY_INCLUDE can name their folder)',
}

/** What needs nothing but the system. The same sums shall come out on each processor. */
const plain: Recipe = {
  compiler: 'cc',
  before: ['-O2', '-ffp-contract=off'],
  after: [],
  isMissing: /linux\/if_tun\.h/,
  missing: 'a network of the kernel is made of namespaces and TUN devices, which Linux has',
}

/**
 * Compiles a program of bench/native/ with the machine's own compiler, once a run: C against libzmq or ENet or nothing, C++ against
 * the headers of bitsery. Throws NotRun where there is no compiler or not what the program needs.
 */
export function nativeProgram(file: `${string}.c` | `${string}.cpp`): Promise<Program> {
  const known = compiled.get(file)
  if (known !== undefined) return known
  const program = compile(file, recipeOf(file))
  compiled.set(file, program)
  return program
}

function recipeOf(file: string): Recipe {
  if (file.endsWith('.cpp')) return bitsery
  if (file.startsWith('enet')) return enet
  return file.startsWith('zmq') ? zmq : plain
}

async function compile(file: string, recipe: Recipe): Promise<Program> {
  const source = fileURLToPath(new URL(`../native/${file}`, import.meta.url))
  const folder = fileURLToPath(new URL('../out/native/', import.meta.url))
  const path = `${folder}${file.slice(0, file.lastIndexOf('.'))}`
  if (!existsSync(source)) throw new NotRun(`${source} is missing`)
  await mkdir(folder, { recursive: true })
  try {
    const args = [...recipe.before, '-o', path, source, ...recipe.after]
    await run(recipe.compiler, args, { env: { ...process.env, LC_ALL: 'C' } })
  } catch (error) {
    throw new NotRun(reason(error, recipe))
  }
  return { kind: 'native', path }
}

function reason(error: unknown, { compiler, isMissing, missing }: Recipe): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `there is no compiler (${compiler})`
  const output = String((error as { stderr?: unknown }).stderr ?? error)
  return isMissing.test(output) ? missing : `${compiler} failed: ${output.split('\n')[0]}`
}
