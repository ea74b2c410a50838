import type { Congestion } from '../kernel-path.ts'
import type { PathConditions } from '../path-model.ts'
import type { Case, Effort, Measurement, OwnRows, Row } from '../scenario.ts'
import { type Pair, type PairResult, runPairs } from '../worker.ts'
import { type Bulk, bulkSize, netPath, overEnet, overTcp, overUdp, windows } from './net-bulk.ts'
import { type NetPath, overPath } from './net-path.ts'

/** A queue that holds a second of what the path carries, in bytes. */
const deepQueueBytes = 2_500_000

/** A flow takes so many of the warm-ups asked for to find its rate. */
const warmups = 4

/** Two flows need longer to find their shares than one its rate: so many of the windows asked for. */
const shareWindows = 10

/** The round trip of the path, in nanoseconds. */
const roundTripNs = 50e6

/** A row of a case in which flows share the path. */
export type SharedRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly flows: readonly Bulk[]
  readonly congestion?: Congestion
}

/** Pings of 64 bytes beside a flow that fills the queue, or beside none: what the queue adds to their round trip. */
export function queueRow({ flows, congestion, ...given }: SharedRow): Row {
  const measure = async ({ warmupMs, measureMs }: Effort): Promise<Measurement> => {
    const span = { warmupMs: warmups * warmupMs, measureMs: windows * measureMs }
    const [bulk] = flows
    const results = await throughOne(netPath(0, deepQueueBytes), flows, congestion, span, pings)
    const { p50Ns, p99Ns, arrived } = results[results.length - 1].dialer
    return {
      addedP99Ns: Math.max(0, p99Ns - roundTripNs),
      addedMedianNs: Math.max(0, p50Ns - roundTripNs),
      arrived,
      megabytesPerSecond: bulk === undefined ? 0 : megabytes(results[0]),
    }
  }
  return { ...given, measure }
}

/** Two flows at once: how much more the first one gets than the second. */
export function shareRow({ flows, congestion, ...given }: SharedRow): Row {
  const measure = async ({ warmupMs, measureMs }: Effort): Promise<Measurement> => {
    const span = { warmupMs: warmups * warmupMs, measureMs: shareWindows * measureMs }
    const results = await throughOne(netPath(0), flows, congestion, span, () => [])
    const [first, second] = results.map(megabytes)
    return { share: first / second, first, second, both: first + second }
  }
  return { ...given, measure }
}

export async function queueCase(note: string, ownRows: OwnRows): Promise<Case> {
  const name = 'full-queue'
  return {
    name,
    title: 'What a flow adds to the round trip of others, where the queue is deep',
    note: `${note.replace('125 KB', '2.5 MB, a second of its rate')}\nA raw ping every 20 ms beside reliable messages of ${bulkSize} bytes, as many as go.`,
    metrics: [
      { key: 'addedP99Ns', title: 'added, p99', unit: 'ns', better: 'less', compare: 'nothing' },
      { key: 'addedMedianNs', title: 'median', unit: 'ns', better: 'less', compare: 'nothing' },
      { key: 'arrived', title: 'pings answered, of 1', unit: 'share', better: 'more', compare: 'nothing' },
      { key: 'megabytesPerSecond', title: 'bodies', unit: 'MB/s', better: 'more', compare: 'nothing' },
    ],
    chart: 'addedP99Ns',
    rows: [
      queueRow({ name: 'ping alone', kind: 'reference', note: "the machine's own", flows: [] }),
      queueRow({ name: 'ENet C', kind: 'peer', note: 'has at most 64 KiB under way', flows: [overEnet] }),
      ...(await ownRows({ case: name })),
    ],
    goals: [{ row: 'millrace bits', metric: 'addedP99Ns', bound: 'at most', value: 30e6 }],
  }
}

export async function shareCase(note: string, ownRows: OwnRows): Promise<Case> {
  const name = 'share'
  const fair = ['udp beside tcp cubic', 'udp beside tcp bbr', 'udp beside udp']
  const share = { metric: 'share' } as const
  return {
    name,
    title: 'Two flows that share the path',
    note: `${note}\nBoth begin at once and send reliable messages of ${bulkSize} bytes, as many as go.`,
    metrics: [
      { key: 'share', title: 'first ÷ second', unit: 'share', better: 'more', compare: 'nothing' },
      { key: 'first', title: 'first', unit: 'MB/s', better: 'more', compare: 'nothing' },
      { key: 'second', title: 'second', unit: 'MB/s', better: 'more', compare: 'nothing' },
      { key: 'both', title: 'together', unit: 'MB/s', better: 'more', compare: 'nothing' },
    ],
    chart: 'share',
    rows: [
      shareRow({
        name: 'tcp cubic beside tcp cubic',
        kind: 'reference',
        flows: [overTcp, overTcp],
        congestion: 'cubic',
      }),
      shareRow({
        name: 'ENet C beside tcp cubic',
        kind: 'peer',
        flows: [overEnet, overTcp],
        congestion: 'cubic',
      }),
      ...(await ownRows({ case: name })),
    ],
    goals: fair.flatMap((row) => [
      { ...share, row: `millrace bits, ${row}`, bound: 'at least', value: 0.5 } as const,
      { ...share, row: `millrace bits, ${row}`, bound: 'at most', value: 2 } as const,
    ]),
  }
}

/** The flows of a row, for Millrace's own rows. */
export const flowsOf = { udp: overUdp, tcp: overTcp } as const

type Span = { readonly warmupMs: number; readonly measureMs: number }

/** Runs flows, and what `others` adds, over one path. A proxy knows one client only. */
async function throughOne(
  conditions: PathConditions,
  flows: readonly Bulk[],
  congestion: Congestion | undefined,
  span: Span,
  others: (path: NetPath, span: Span) => readonly Pair[],
): Promise<readonly PairResult[]> {
  return await overPath(conditions, { kernel: true, congestion }, async (path) => {
    const pairs = await Promise.all(flows.map((flow) => pairOf(flow, path, span)))
    return await runPairs([...pairs, ...others(path, span)], span.warmupMs + span.measureMs + 40_000)
  })
}

async function pairOf({ listener, dialer, extra }: Bulk, path: NetPath, span: Span): Promise<Pair> {
  const options = { size: bulkSize, ...span, ...extra, host: path.host }
  const programs = await Promise.all([listener(), dialer()])
  return {
    listener: { program: path.listener(programs[0]), options },
    dialer: { program: path.dialer(programs[1]), options },
  }
}

function pings(path: NetPath, span: Span): readonly Pair[] {
  const options = { ...span, host: path.host }
  return [
    {
      listener: { program: path.listener({ kind: 'node', file: 'steady-echo.ts' }), options },
      dialer: { program: path.dialer({ kind: 'node', file: 'steady-ping.ts' }), options },
    },
  ]
}

function megabytes({ listener }: PairResult): number {
  return (listener.messagesPerSecond * bulkSize) / 1e6
}
