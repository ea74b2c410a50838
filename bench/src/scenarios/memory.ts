import type { Case, Goal, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Program, runPair } from '../worker.ts'

/** What an idle connection weighs on the server's side. */
export const memory: Scenario = {
  name: 'memory',
  title: 'memory of an idle connection',
  cases: async ({ idleConnectionCount, idleUdpChannelCount }, ownRows) => [
    await caseOf('tcp', idleConnectionCount, ownRows),
    await caseOf('udp', idleUdpChannelCount, ownRows),
  ],
}

/** How a memory row is run: the listener accepts and weighs, the dialer opens the connections and keeps still. */
export type MemoryRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly count: number
  /** A file in peers/; it runs with --expose-gc. */
  readonly listenerFile: string
  readonly dialer: Program
  /** Further options for both workers. */
  readonly extra?: Readonly<Record<string, string | number>>
}

/** A row with a listener that reports what `memoryPerConnection` makes. Both workers are told `count`. */
export function memoryRow({ name, kind, note, count, listenerFile, dialer, extra }: MemoryRow): Row {
  const listener: Program = { kind: 'node', file: listenerFile, nodeArgs: ['--expose-gc'] }
  const measure = async () => {
    const options = { count, ...extra }
    const pair = await runPair({ program: listener, options }, { program: dialer, options }, patienceMs)
    return pair.listener
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

/** Opening many takes its time. */
const patienceMs = 120_000

const goalsOfUdp: readonly Goal[] = (['managedBytes', 'residentBytes'] as const).map((metric) => ({
  row: 'millrace bits',
  metric,
  bound: 'at most',
  value: 6000,
}))

async function caseOf(transport: 'tcp' | 'udp', count: number, ownRows: OwnRows): Promise<Case> {
  const name = transport === 'tcp' ? `${count}-connections` : `${count}-udp-channels`
  return {
    name,
    title:
      transport === 'tcp'
        ? `Memory of each of ${count} idle connections`
        : `Memory of each of ${count} idle channels on one udp socket`,
    note: 'Server side, after garbage collection: V8 heap and external memory together, each alone, and resident memory.',
    metrics: [
      { key: 'managedBytes', title: 'heap + external', unit: 'bytes', better: 'less', compare: 'difference' },
      { key: 'heapBytes', title: 'heap', unit: 'bytes', better: 'less', compare: 'nothing' },
      { key: 'externalBytes', title: 'external', unit: 'bytes', better: 'less', compare: 'nothing' },
      { key: 'residentBytes', title: 'resident', unit: 'bytes', better: 'less', compare: 'difference' },
    ],
    chart: 'managedBytes',
    rows: [
      memoryRow({
        name: 'net',
        kind: 'reference',
        note: 'a tcp socket with data, error and close listeners',
        count,
        listenerFile: 'net-idle.ts',
        dialer: { kind: 'node', file: 'net-sinks.ts' },
      }),
      ...(await ownRows({ case: name, count, transport })),
    ],
    goals: transport === 'udp' ? goalsOfUdp : [],
  }
}
