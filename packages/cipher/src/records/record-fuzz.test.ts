import { expect, it } from 'vitest'
import { campaign } from '../../fuzz/campaign.ts'
import { DatagramRun } from '../../fuzz/datagram-run.ts'
import { runStream } from '../../fuzz/stream-run.ts'
import { TokenRun } from '../../fuzz/token-run.ts'

const seed = 20_261_120
console.log(`record-fuzz.test.ts: seed ${seed}`)

it('streams of any bytes end in one of the known ways, each of which comes up', () => {
  const counts = campaign(20_000, seed, (random) => () => runStream(random), 1)
  const ends = ['after-close', 'closed', 'forged', 'idle-rekey', 'malformed', 'oversize', 'truncated']
  expect(Object.keys(counts).sort()).toEqual(ends)
})

it('datagrams of any bytes are opened or dropped, and no forged one leaves a trace', () => {
  const make = (random: ConstructorParameters<typeof DatagramRun>[0]) => {
    const run = new DatagramRun(random)
    return () => run.step()
  }
  const counts = campaign(20_000, seed, make, 500)
  for (const each of ['opened', 'forged', 'malformed', 'other-receiver', 'replayed', 'stale-key', 'too-old'])
    expect(counts[each], each).toBeGreaterThan(0)
})

it('tokens of any bytes are refused in one of the known ways', () => {
  const make = (random: ConstructorParameters<typeof TokenRun>[0]) => {
    const run = new TokenRun(random)
    return () => run.step()
  }
  const counts = campaign(10_000, seed, make, 2000)
  for (const each of ['accepted', 'forged', 'malformed', 'expired', 'other-server', 'other-address', 'used'])
    expect(counts[`sealed ${each}`], each).toBeGreaterThan(0)
  for (const each of ['inside refused', 'inside read', 'connect refused', 'connect read', 'text refused'])
    expect(counts[each], each).toBeGreaterThan(0)
})
