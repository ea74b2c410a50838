import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { summarize } from './statistics.ts'

const bench = fileURLToPath(new URL('..', import.meta.url))

/**
 * What a process takes longer for importing `specifier`, from its start to its end, in microseconds: the median of `count`
 * differences to an empty process that runs right before.
 */
export async function importTimeUs(specifier: string, count: number): Promise<number> {
  const differences: number[] = []
  for (let index = 0; index < count; index++) {
    const emptyMs = await runMs('')
    differences.push(((await runMs(`import '${specifier}'`)) - emptyMs) * 1000)
  }
  return summarize(differences).median
}

/** From the start of a process that runs `program` to its end. */
function runMs(program: string): Promise<number> {
  const args = ['--input-type=module', '--eval', program]
  const beginMs = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: bench, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve(performance.now() - beginMs)
      else reject(new Error(`a process that runs "${program}" ended with ${code}`))
    })
  })
}
