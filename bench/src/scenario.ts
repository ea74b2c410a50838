import type { Unit } from './quantity.ts'
import { pairedRatios, type Summary, summarize } from './statistics.ts'

/** How long and how often to measure, and how much of everything. */
export type Effort = {
  /** Length of one measured window in milliseconds, for each row in each round. */
  readonly measureMs: number
  /** Run before each window and not counted, in milliseconds. */
  readonly warmupMs: number
  readonly roundCount: number
  /** Message sizes in bytes for the scenarios that know sizes. */
  readonly sizes: readonly number[]
  readonly broadcastChannelCount: number
  readonly idleConnectionCount: number
  readonly idleUdpChannelCount: number
  readonly liveTimerCount: number
  readonly mixMessageCount: number
  readonly freshPipeCount: number
  /** Processes that import a package, for each row in each round. */
  readonly importCount: number
}

/** One figure that every row of a case reports under `key`. */
export type Metric = {
  readonly key: string
  readonly title: string
  readonly unit: Unit
  readonly better: 'more' | 'less'
  /** What to print beside the figure: its ratio to the first row, its difference from it, or nothing. */
  readonly compare: 'ratio' | 'difference' | 'nothing'
}

/** What one row measured in one round, by metric key. */
export type Measurement = Readonly<Record<string, number>>

/** One contestant. `measure` throws NotRun when it can't run here; any other error marks the row as failed. */
export type Row = {
  readonly name: string
  readonly kind: 'reference' | 'peer' | 'millrace'
  readonly note?: string
  readonly measure: (effort: Effort) => Promise<Measurement>
}

/** A bound on the ratio of two rows of one case, or on a figure of one. Printed when its rows were measured. */
export type Goal = {
  readonly row: string
  readonly metric: string
  readonly bound: 'at least' | 'at most'
} & ({ readonly against: string; readonly ratio: number } | { readonly value: number })

/** Rows that are compared with each other. The first row is the reference. */
export type Case = {
  readonly name: string
  readonly title: string
  /** What is measured and what is not, for the reader of the table. */
  readonly note: string
  readonly metrics: readonly Metric[]
  /** Key of the metric that the chart shows. */
  readonly chart: string
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
}

/** What is known of a case when Millrace's rows are asked for: its name, the message size, the number of connections, and the transport, where there are such. */
export type RowContext = {
  readonly case: string
  readonly size?: number
  readonly count?: number
  readonly transport?: 'tcp' | 'udp'
  /** The share of packets that the path loses, of 1. */
  readonly loss?: number
}

/** Gives Millrace's rows of one case, to stand below those of the peers. */
export type OwnRows = (context: RowContext) => Promise<readonly Row[]>

/** A named group of cases: what `--only` chooses. */
export type Scenario = {
  readonly name: string
  readonly title: string
  readonly cases: (effort: Effort, ownRows: OwnRows) => Promise<readonly Case[]>
}

/** Thrown by a row that can't run on this machine. The message completes the sentence "not run: …". */
export class NotRun extends Error {
  override readonly name = 'NotRun'
}

/** What became of one row over all rounds. */
export type RowResult = { readonly name: string; readonly kind: Row['kind']; readonly note: string } & (
  | { readonly outcome: 'measured'; readonly rounds: readonly Measurement[]; readonly figures: Figures }
  | { readonly outcome: 'not run' | 'failed'; readonly why: string }
)

/** The summary of each metric, and of its ratio to the first row where the first row was measured. */
export type Figures = Readonly<Record<string, { readonly value: Summary; readonly ratio: Summary | null }>>

/** A goal with the ratio, or the figure, that was seen. */
export type GoalResult = Goal & { readonly seen: number; readonly verdict: 'reached' | 'not reached' }

/** All that one case brought. */
export type CaseResult = {
  readonly scenario: string
  readonly case: Omit<Case, 'rows' | 'goals'>
  readonly rows: readonly RowResult[]
  readonly goals: readonly GoalResult[]
}

/**
 * Measures the rows of a case alternately (A B C, A B C, …) so that a machine that slows down or is shared slows all
 * rows alike. A row that throws is left out of the rounds that follow.
 */
export async function runCase(
  scenario: string,
  given: Case,
  effort: Effort,
  tell: (line: string) => void,
): Promise<CaseResult> {
  const rounds = new Map<Row, Measurement[]>(given.rows.map((row) => [row, []]))
  const stopped = new Map<Row, { outcome: 'not run' | 'failed'; why: string }>()
  for (let round = 1; round <= effort.roundCount; round++) {
    for (const row of given.rows) {
      if (stopped.has(row)) continue
      tell(`${scenario}/${given.name}  round ${round} of ${effort.roundCount}  ${row.name}`)
      try {
        rounds.get(row)?.push(complete(await row.measure(effort), given.metrics))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        stopped.set(row, { outcome: error instanceof NotRun ? 'not run' : 'failed', why })
      }
    }
  }
  const results = given.rows.map((row): RowResult => {
    const named = { name: row.name, kind: row.kind, note: row.note ?? '' }
    const end = stopped.get(row)
    if (end !== undefined) return { ...named, ...end }
    const own = rounds.get(row) ?? []
    return {
      ...named,
      outcome: 'measured',
      rounds: own,
      figures: figuresOf(own, rounds.get(given.rows[0]), given),
    }
  })
  const { name, title, note, metrics, chart } = given
  return {
    scenario,
    case: { name, title, note, metrics, chart },
    rows: results,
    goals: given.goals.flatMap((goal) => judge(goal, results)),
  }
}

function complete(measurement: Measurement, metrics: readonly Metric[]): Measurement {
  for (const { key } of metrics) {
    if (!Number.isFinite(measurement[key])) {
      throw new Error(`the row reported ${String(measurement[key])} for ${key}; a finite number is expected`)
    }
  }
  return measurement
}

function figuresOf(
  own: readonly Measurement[],
  reference: readonly Measurement[] | undefined,
  { metrics }: Case,
): Figures {
  const figures: Record<string, { value: Summary; ratio: Summary | null }> = {}
  for (const { key } of metrics) {
    const values = own.map((measurement) => measurement[key])
    const ratios = pairedRatios(values, reference?.map((measurement) => measurement[key]) ?? [])
    figures[key] = { value: summarize(values), ratio: ratios.length === 0 ? null : summarize(ratios) }
  }
  return figures
}

function judge(goal: Goal, results: readonly RowResult[]): GoalResult[] {
  const valuesOf = (name: string) => {
    const row = results.find((result) => result.name === name)
    return row?.outcome === 'measured' ? row.rounds.map((measurement) => measurement[goal.metric]) : []
  }
  const values = valuesOf(goal.row)
  const compared = 'value' in goal ? values : pairedRatios(values, valuesOf(goal.against))
  if (compared.length === 0) return []
  const seen = summarize(compared).median
  const wanted = 'value' in goal ? goal.value : goal.ratio
  const isReached = goal.bound === 'at least' ? seen >= wanted : seen <= wanted
  return [{ ...goal, seen, verdict: isReached ? 'reached' : 'not reached' }]
}
