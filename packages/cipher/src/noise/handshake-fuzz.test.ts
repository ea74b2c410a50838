import { expect, it } from 'vitest'
import { runHandshakes } from '../../fuzz/handshake-run.ts'

it('handshakes of every pattern refuse every mutated message for ever', () => {
  const tally = runHandshakes({ runs: 3_000, seed: 1 })
  for (const outcome of ['malformed', 'not-authentic', 'low-order', 'later', 'unchanged']) {
    expect(tally[outcome], outcome).toBeGreaterThan(0)
  }
})
