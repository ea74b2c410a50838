import { campaign, report } from './campaign.ts'
import { TokenRun } from './token-run.ts'

// node fuzz/token.ts --runs 1000000 --seed 7: shows changed tokens to a server, sealed, unsealed and as text.
report('tokens', (runs, seed) =>
  campaign(
    runs,
    seed,
    (random) => {
      const run = new TokenRun(random)
      return () => run.step()
    },
    2000,
  ),
)
