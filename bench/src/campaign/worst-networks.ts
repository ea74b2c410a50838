import type { PathConditions } from '../path-model.ts'
import type { TalkOptions } from './talk.ts'

/** One row of a campaign: a bad network, and how its channels are protected. */
export type BadNetwork = {
  readonly name: string
  readonly conditions: PathConditions
  readonly encryption: TalkOptions['encryption']
}

const path = { bytesPerMs: 2500, queueBytes: 125_000, packetSizeMax: 1472 } as const

/** The worst that Valve and yojimbo test with. Delays are of one way; what jitters, passes others. */
const conditions: Readonly<Record<string, Omit<PathConditions, 'seed'>>> = {
  'valve: 20 % loss, 100 ms, 30 % 40 ms later': {
    ...path,
    loss: 0.2,
    delayMs: 100,
    reorder: 0.3,
    reorderMs: 40,
  },
  'yojimbo: 25 % loss, 25 % twice, 250 ± 100 ms': {
    ...path,
    loss: 0.25,
    duplication: 0.25,
    delayMs: 250,
    jitterMs: 100,
  },
  'yojimbo: 25 % loss, 25 % twice, 1,000 ± 100 ms': {
    ...path,
    loss: 0.25,
    duplication: 0.25,
    delayMs: 1000,
    jitterMs: 100,
  },
}

/** At more loss than this a heartbeat may find a live channel dead. */
export const lossMax = 0.2

/** All rows, plain and encrypted. */
export function worstNetworks(seed: number): readonly BadNetwork[] {
  return Object.entries(conditions).flatMap(([name, given]) =>
    (['none', 'key'] as const).map((encryption) => ({
      name: `${name}, ${encryption === 'none' ? 'plain' : 'encrypted'}`,
      conditions: { ...given, seed },
      encryption,
    })),
  )
}
