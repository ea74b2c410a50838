import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NotRun } from './scenario.ts'
import type { Program } from './worker.ts'

const run = promisify(execFile)
const compiled = new Map<string, Promise<Program>>()

/**
 * Compiles bench/native/NAME.c against libzmq with the machine's own `cc -O2`, once a run. Throws NotRun where there is
 * no compiler or no libzmq.
 */
export function nativeProgram(name: string): Promise<Program> {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const program = compile(name)
  compiled.set(name, program)
  return program
}

async function compile(name: string): Promise<Program> {
  const source = fileURLToPath(new URL(`../native/${name}.c`, import.meta.url))
  const folder = fileURLToPath(new URL('../out/native/', import.meta.url))
  const path = `${folder}${name}`
  if (!existsSync(source)) throw new NotRun(`${source} is missing`)
  await mkdir(folder, { recursive: true })
  try {
    await run('cc', ['-O2', '-o', path, source, '-lzmq'])
  } catch (error) {
    throw new NotRun(reason(error))
  }
  return { kind: 'native', path }
}

function reason(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is no C compiler (cc)'
  const output = String((error as { stderr?: unknown }).stderr ?? error)
  if (/zmq\.h|-lzmq/.test(output)) return 'libzmq with its header is not installed (Debian: libzmq3-dev)'
  return `cc failed: ${output.split('\n')[0]}`
}
