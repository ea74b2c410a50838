import { fileURLToPath } from 'node:url'
import { millraceRows } from './millrace.ts'
import { OptionError, type Options, parseOptions, usage } from './options.ts'
import { machineFacts, type Report, writeJson, writeReport } from './report.ts'
import { type CaseResult, type OwnRows, runCase, type Scenario } from './scenario.ts'
import { broadcast } from './scenarios/broadcast.ts'
import { bytes } from './scenarios/bytes.ts'
import { codec } from './scenarios/codec.ts'
import { datagrams } from './scenarios/datagrams.ts'
import { encryption } from './scenarios/encryption.ts'
import { floods } from './scenarios/floods.ts'
import { footprint } from './scenarios/footprint.ts'
import { local } from './scenarios/local.ts'
import { memory } from './scenarios/memory.ts'
import { net } from './scenarios/net.ts'
import { rtt } from './scenarios/rtt.ts'
import { throughput } from './scenarios/throughput.ts'
import { timers } from './scenarios/timers.ts'
import { formatCase } from './table.ts'

/** All scenarios in the order they run. */
const scenarios: readonly Scenario[] = [
  throughput,
  rtt,
  encryption,
  codec,
  broadcast,
  datagrams,
  net,
  memory,
  timers,
  local,
  bytes,
  floods,
  footprint,
]

async function main(options: Options): Promise<void> {
  if (options.task === 'help') return print(usage)
  if (options.task === 'list')
    return print(scenarios.map(({ name, title }) => `${name.padEnd(12)} ${title}`).join('\n'))
  const chosen = choose(options.only)
  const machine = machineFacts()
  print(
    `${machine.cpu}, ${machine.cpuCount} processors, ${machine.platform}, Node ${machine.node}, ${machine.date}`,
  )
  const results: CaseResult[] = []
  for (const scenario of chosen) {
    const ownRows: OwnRows = (context) => millraceRows(scenario.name, context)
    for (const given of await scenario.cases(options.effort, ownRows)) {
      const result = await runCase(scenario.name, given, options.effort, showProgress)
      showProgress('')
      print(`\n${formatCase(result)}`)
      results.push(result)
    }
  }
  const report: Report = { machine, effort: options.effort, results }
  const paths = await writeReport(fileURLToPath(new URL('../out', import.meta.url)), report)
  if (options.jsonPath !== null) {
    await writeJson(options.jsonPath, report)
    paths.push(options.jsonPath)
  }
  print(`\nwritten: ${paths.join('\n         ')}`)
  const hasFailed = results.some((result) => result.rows.some((row) => row.outcome === 'failed'))
  if (hasFailed) process.exitCode = 1
}

function choose(only: readonly string[]): readonly Scenario[] {
  for (const name of only) {
    if (scenarios.some((scenario) => scenario.name === name)) continue
    throw new OptionError(
      `no scenario "${name}"; there are ${scenarios.map((scenario) => scenario.name).join(', ')}`,
    )
  }
  return only.length === 0 ? scenarios : scenarios.filter((scenario) => only.includes(scenario.name))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line that is overwritten on a terminal; nothing where the output is kept. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}`)
}

try {
  await main(parseOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof OptionError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
