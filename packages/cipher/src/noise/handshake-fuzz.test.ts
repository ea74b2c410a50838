import { expect, it } from 'vitest'
import { runHandshakes } from '../../fuzz/handshake-run.ts'
import { noblePrimitives } from '../noble/noble.ts'

const SEED = 1

it('handshakes of every pattern refuse every mutated message for ever', () => {
  const tally = runHandshakes(20_000, SEED, noblePrimitives)
  for (const outcome of ['malformed', 'not-authentic', 'low-order', 'later', 'unchanged']) {
    expect(tally[outcome], outcome).toBeGreaterThan(0)
  }
})
