import { campaign, report } from './campaign.ts'
import { DatagramRun } from './datagram-run.ts'
import { runStream } from './stream-run.ts'

// node fuzz/record.ts --runs 1000000 --seed 7: feeds both record openers; exits with an error at the first broken promise.
report('streams', streams)
report('datagrams', datagrams)

function streams(runs: number, seed: number): Record<string, number> {
  return campaign(runs, seed, (random) => () => runStream(random), 1)
}

function datagrams(runs: number, seed: number): Record<string, number> {
  const make = (random: ConstructorParameters<typeof DatagramRun>[0]) => {
    const run = new DatagramRun(random)
    return () => run.step()
  }
  return campaign(runs, seed, make, 500)
}
