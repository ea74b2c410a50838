/**
 * Measures what encryption costs between two processes, by algorithm and by back end; with `--attack`, plays what a man in the middle
 * could do to them. `--help` says more.
 */
import { attack, attackLines } from './attack.ts'
import { Children } from './child.ts'
import { compareCiphers, sameBytes } from './ciphers.ts'
import { compare } from './comparison.ts'
import { payloadOf } from './contract.ts'
import { help, type Options, parseOptions, UsageError } from './options.ts'
import { cipherLines, comparisonLines } from './table.ts'

const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const

/** Of the time of a row, what each of the two measurements of a cipher alone takes; no longer, as Ctrl-C isn't heard in one. */
const cipherShare = 0.1
const cipherSecondsMax = 1

const clearLine = '\r\x1b[K'

const children = new Children()
let isInterrupted = false

async function main(): Promise<void> {
  endBySignal()
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options.mode === 'help') console.log(help)
    else if (options.mode === 'attack') await runAttack(options)
    else await runComparison(options)
  } catch (error) {
    // After Ctrl-C it is no news that the processes ended.
    if (isInterrupted) return
    console.error(`encryption: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed
  } finally {
    await children.stop()
  }
}

async function runComparison(options: Options): Promise<void> {
  const { transport, size, seconds, rounds } = options
  const effort = { transport, size, seconds, rounds }
  const rows = await compare(effort, children, tell)
  await children.stop()
  print(comparisonLines(effort, rows, payloadOf(size).text))
  tell('the ciphers alone')
  const ciphers = await compareCiphers(Math.min(seconds * cipherShare, cipherSecondsMax), rounds)
  const same = sameBytes()
  print(['', ...cipherLines(ciphers, same)])
  if (options.output === 'json') print([JSON.stringify({ ...effort, rows, ciphers, sameBytes: same })])
  if (same === 'no') process.exitCode = exitCodes.failed
}

async function runAttack({ transport, output }: Options): Promise<void> {
  const outcomes = await attack(transport, children)
  print(attackLines(outcomes))
  if (output === 'json') print([JSON.stringify(outcomes)])
  if (outcomes.some(({ verdict }) => verdict === 'FAILED')) process.exitCode = exitCodes.failed
}

function print(lines: readonly string[]): void {
  if (process.stderr.isTTY) process.stderr.write(clearLine)
  console.log(lines.join('\n'))
}

/** Says on a terminal what is going on: a run takes half a minute. */
function tell(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${clearLine}${line} …`)
}

/** Ctrl-C: the children go first, and take their sockets along. */
function endBySignal(): void {
  const end = async () => {
    isInterrupted = true
    await children.stop()
    process.exit(exitCodes.interrupted)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => void end())
}

await main()
