/**
 * Plays the worst networks that games are tested with, between two networks of the kernel: `npm run kernel-campaign -- --minutes 30`, `--only valve`, `--seed 7`.
 * All at the same time. Prints what each brought, and fails when a reliable message was lost, doubled, changed or out of order, or a heartbeat ended a
 * live channel where a fifth is lost at most.
 */
import { parseArgs } from 'node:util'
import { KernelPath } from '../kernel-path.ts'
import { type Measurement, NotRun } from '../scenario.ts'
import { type Program, runPair } from '../worker.ts'
import { type BadNetwork, lossMax, worstNetworks } from './worst-networks.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1592642302' },
  },
})
const minutes = Number(values.minutes)
if (!(minutes >= 1 && minutes <= 1440)) throw new Error(`--minutes is from 1 to 1440; got ${values.minutes}`)
const seed = Number(values.seed)
if (!Number.isInteger(seed) || seed < 1 || seed >= 2 ** 32 - 1)
  throw new Error(`--seed is a whole number from 1, of 32 bits; got ${values.seed}`)
const networks = worstNetworks(seed).filter(({ name }) => name.includes(values.only))
if (networks.length === 0)
  throw new Error(
    `--only is a part of a name; there are ${worstNetworks(seed)
      .map(({ name }) => name)
      .join('; ')}`,
  )

const outcomes = await Promise.all(networks.map(play))
if (outcomes.includes('failed')) process.exitCode = 1

async function play(network: BadNetwork): Promise<'passed' | 'failed' | 'not run'> {
  const { name, conditions, encryption } = network
  const node = (file: string): Program => ({ kind: 'node', file })
  let path: KernelPath | undefined
  try {
    path = await KernelPath.open(conditions)
    const options = { name, host: path.farHost, encryption, seed, measureMs: minutes * 60_000 }
    const { listener, dialer } = await runPair(
      { program: path.far(node('talk-server.ts')), options },
      { program: path.near(node('talk-client.ts')), options },
      options.measureMs + 300_000,
    )
    const carried = await path.counts()
    const faults = faultsOf(network, dialer, listener)
    print(`${name}: ${faults.length === 0 ? 'passed' : `FAILED: ${faults.join(', ')}`}`)
    print(`  client ${line(dialer)}`)
    print(`  server ${line(listener)}`)
    print(`  path   ${line(carried)}`)
    return faults.length === 0 ? 'passed' : 'failed'
  } catch (error) {
    if (!(error instanceof NotRun)) throw error
    print(`${name}: not run: ${error.message}`)
    return 'not run'
  } finally {
    await path?.close()
  }
}

function faultsOf({ conditions }: BadNetwork, client: Measurement, server: Measurement): string[] {
  const sum = (key: string) => (client[key] ?? 0) + (server[key] ?? 0)
  const found: string[] = []
  if (sum('faults') > 0) found.push(`${sum('faults')} promises broken`)
  if (sum('otherEnds') > 0) found.push(`${sum('otherEnds')} channels ended for no reason`)
  if (!(client.heard > 0 && server.heard > 0)) found.push('nothing was heard')
  if (conditions.loss > lossMax) return found
  if (sum('heartbeatEnds') > 0) found.push(`${sum('heartbeatEnds')} live channels ended by a heartbeat`)
  if (sum('openFailures') + sum('unfinished') > 0)
    found.push(`${sum('openFailures')} did not open, ${sum('unfinished')} did not finish`)
  return found
}

function line(measurement: Measurement): string {
  return Object.entries(measurement)
    .map(([key, value]) =>
      key.endsWith('Ns') ? `${key.slice(0, -2)} ${(value / 1e6).toFixed(1)} ms` : `${key} ${value}`,
    )
    .join(', ')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
