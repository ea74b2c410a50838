import type { Case, Effort, Goal, OwnRows, Row, Scenario } from '../scenario.ts'
import type { ChurnOptions } from '../timer-churn.ts'
import { runAlone } from '../worker.ts'

/** Setting and cancelling timers while very many are live. */
export const timers: Scenario = {
  name: 'timers',
  title: 'set and cancel a timer with a million live',
  cases: async ({ liveTimerCount }, ownRows) =>
    await Promise.all(Object.keys(churns).map((name) => caseOf(name, liveTimerCount, ownRows))),
}

/**
 * The churn that the goal is about: set one, cancel it, among a million that stay, with delays of all lengths. The others
 * show the best case of setTimeout, timers that overlap, and memory that no cache holds.
 */
const goalChurn = 'pair-spread'

const goal: Goal = {
  row: 'millrace timer',
  against: 'setTimeout',
  metric: 'pairsPerSecond',
  bound: 'at least',
  ratio: 10,
}

/** What a timer worker is told besides the window and `liveCount`. */
export type Churn = Pick<ChurnOptions, 'delays' | 'pattern'>

/** The churn of each case by the name of the case. */
export const churns: Readonly<Record<string, Churn>> = {
  'pair-spread': { pattern: 'pair', delays: 'spread' },
  'request-equal': { pattern: 'request', delays: 'equal' },
  'request-spread': { pattern: 'request', delays: 'spread' },
  'renew-spread': { pattern: 'renew', delays: 'spread' },
}

/** How a timer row is run: a file in peers/ that hands its timers to `measureChurn`. */
export type TimerRow = Pick<Row, 'name' | 'kind' | 'note'> & { readonly file: string; readonly churn: Churn }

/** A row with a worker that reports `nsPerPair` and `pairsPerSecond`. */
export function timerRow({ name, kind, note, file, churn }: TimerRow): Row {
  const measure = async ({ warmupMs, measureMs: given, liveTimerCount: liveCount }: Effort) => {
    // Half the window is enough where no second process takes part.
    const measureMs = given / 2
    const options = { warmupMs, measureMs, liveCount, ...churn }
    return await runAlone({ kind: 'node', file }, options, warmupMs + measureMs + 30_000)
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

const patternNotes = {
  pair: 'A timer is set, and cancelled before the next one is set.',
  request:
    'A new timer is set and the one set 64 before it cancelled, as a reply cancels the timeout of its request.',
  renew:
    'A random one of all is cancelled and set anew, which is mostly the price of memory that is in no cache.',
} as const

const delayNotes = {
  equal: 'Every delay is 30 s: the best case of setTimeout, which keeps one list for each delay.',
  spread: 'Delays from 1 s to 61 s, to the millisecond.',
} as const

async function caseOf(name: string, liveCount: number, ownRows: OwnRows): Promise<Case> {
  const churn = churns[name]
  return {
    name,
    title: `Set one timer and cancel one, ${liveCount} live: ${churn.pattern}, ${churn.delays} delays`,
    note: `${patternNotes[churn.pattern]}\n${delayNotes[churn.delays]}`,
    metrics: [
      { key: 'nsPerPair', title: 'set + cancel', unit: 'ns', better: 'less', compare: 'nothing' },
      { key: 'pairsPerSecond', title: 'pairs', unit: 'per second', better: 'more', compare: 'ratio' },
    ],
    chart: 'pairsPerSecond',
    rows: [
      timerRow({ name: 'setTimeout', kind: 'reference', file: 'node-timers.ts', churn }),
      ...(await ownRows({ case: name })),
    ],
    goals: name === goalChurn ? [goal] : [],
  }
}
