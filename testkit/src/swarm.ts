/**
 * Runs the swarm over many seeds: `node testkit/src/swarm.ts --seeds 10000 --first 1`, after a build. Prints each seed
 * that fails, with what went wrong, and a summary. `--encryption some` encrypts pipes and channels, and meddles with them.
 */
import { parseArgs } from 'node:util'
import { runSwarm } from './swarm-run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    encryption: { type: 'string', default: 'none' },
  },
})
const encryption = values.encryption === 'some' ? 'some' : 'none'
const first = Number(values.first)
const count = Number(values.seeds)
const started = performance.now()
const reasons = new Map<string, number>()
const sums = { channels: 0, messages: 0, requests: 0, virtualMs: 0 }
const sealed = { sealed: 0, asked: 0, granted: 0, meddled: 0, stuck: 0, seenInClear: 0 }
let failures = 0

for (let seed = first; seed < first + count; seed++) {
  try {
    const report = await runSwarm(seed, { encryption })
    sums.channels += report.channels
    sums.messages += report.messages
    sums.requests += report.requests
    sums.virtualMs += report.virtualMs
    for (const name of Object.keys(sealed) as (keyof typeof sealed)[])
      sealed[name] += report.encryption?.[name] ?? 0
    for (const [reason, times] of report.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + times)
  } catch (error) {
    failures++
    console.error(error instanceof Error ? error.message : error)
  }
}

const seconds = (performance.now() - started) / 1000
console.log(`${count} seeds from ${first}, ${failures} failed, ${seconds.toFixed(1)} s`)
console.log(`${sums.channels} channel ends, ${sums.messages} messages, ${sums.requests} requests`)
console.log(`${(sums.virtualMs / 1000 / seconds).toFixed(0)} times faster than real time`)
if (encryption === 'some') {
  const { asked, granted, meddled, stuck, seenInClear } = sealed
  console.log(
    `${sealed.sealed} channel ends of encrypted pipes; setEncryption ${asked} times, ${granted} granted`,
  )
  console.log(
    `${meddled} changes on the way, ${stuck} left the far end waiting; messages in clear on ${seenInClear} streams, where they may be`,
  )
}
console.log([...reasons].map(([reason, times]) => `${reason} ${times}`).join(', '))
if (failures > 0) process.exitCode = 1
