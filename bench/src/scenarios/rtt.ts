import { nativeProgram } from '../native.ts'
import type { Case, Effort, Goal, Metric, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Program, runPair } from '../worker.ts'

/** One message there and back over tcp, one at a time. */
export const rtt: Scenario = {
  name: 'rtt',
  title: 'round trip of one message over tcp',
  cases: async (effort, ownRows) => await Promise.all(effort.sizes.map((size) => caseOf(size, ownRows))),
}

/** How a round trip row is run: the listener echoes, the dialer measures. */
export type RoundTripRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly size: number
  readonly listener: () => Program | Promise<Program>
  readonly dialer: () => Program | Promise<Program>
  /** Further options for both workers, such as the protocol. */
  readonly extra?: Readonly<Record<string, string | number>>
}

/** A row with a dialer that reports `p50Us`, `p99Us`, `p999Us` and `roundTripsPerSecond`. */
export function roundTripRow({ name, kind, note, size, extra, ...programs }: RoundTripRow): Row {
  const measure = async (effort: Effort) => {
    const options = { size, warmupMs: effort.warmupMs, measureMs: effort.measureMs, ...extra }
    const patienceMs = effort.warmupMs + effort.measureMs + 8000
    const [listener, dialer] = await Promise.all([programs.listener(), programs.dialer()])
    const pair = await runPair({ program: listener, options }, { program: dialer, options }, patienceMs)
    return pair.dialer
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

/** What a round trip row reports. */
export const roundTripMetrics: readonly Metric[] = [
  { key: 'p50Us', title: 'p50', unit: 'µs', better: 'less', compare: 'ratio' },
  { key: 'p99Us', title: 'p99', unit: 'µs', better: 'less', compare: 'ratio' },
  { key: 'p999Us', title: 'p99.9', unit: 'µs', better: 'less', compare: 'nothing' },
  {
    key: 'roundTripsPerSecond',
    title: 'round trips',
    unit: 'per second',
    better: 'more',
    compare: 'nothing',
  },
]

const goals: readonly Goal[] = [
  { row: 'millrace bits', against: 'net', metric: 'p50Us', bound: 'at most', ratio: 1.15 },
  { row: 'millrace bits', against: 'net', metric: 'p99Us', bound: 'at most', ratio: 1.15 },
]

async function caseOf(size: number, ownRows: OwnRows): Promise<Case> {
  const name = `${size}-bytes`
  const node = (file: string) => (): Program => ({ kind: 'node', file })
  const native = (program: string) => () => nativeProgram(`${program}.c`)
  return {
    name,
    title: `Round trip of ${size} bytes over tcp`,
    note: 'One message in flight, both sides without delay (TCP_NODELAY).',
    metrics: roundTripMetrics,
    chart: 'p50Us',
    rows: [
      roundTripRow({
        name: 'net',
        kind: 'reference',
        size,
        listener: node('net-echo.ts'),
        dialer: node('net-ping.ts'),
      }),
      roundTripRow({
        name: 'ws',
        kind: 'peer',
        size,
        listener: node('ws-echo.ts'),
        dialer: node('ws-ping.ts'),
      }),
      roundTripRow({
        name: 'zeromq.js',
        kind: 'peer',
        note: 'REQ to REP',
        size,
        listener: node('zeromq-reply.ts'),
        dialer: node('zeromq-request.ts'),
      }),
      roundTripRow({
        name: 'libzmq C',
        kind: 'peer',
        note: 'REQ to REP in C',
        size,
        listener: native('zmq-reply'),
        dialer: native('zmq-request'),
      }),
      ...(await ownRows({ case: name, size })),
    ],
    goals: size === 64 ? goals : [],
  }
}
