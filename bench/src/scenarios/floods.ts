import type { Case, Effort, Measurement, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Program, runThree } from '../worker.ts'

/** How many connections flood the server. */
export const flooderCount = 32

/** How many connections the guest opens meanwhile. */
export const openCount = 40

/** What a guest of a server feels while others flood it. */
export const floods: Scenario = {
  name: 'floods',
  title: 'a guest among those who flood',
  cases: async (_effort, ownRows) => [await caseOf(ownRows)],
}

/** How a row is run: the server listens, the flooders send as fast as it reads, and the guest asks and opens. */
export type FloodRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly server: Program
  readonly flooder: Program
  readonly guest: Program
  /** What the flooders send. */
  readonly flood: string
}

/** A row of a guest that reports what it felt, and a server that reports its lag. */
export function floodRow({ name, kind, note, server, flooder, guest, flood }: FloodRow): Row {
  const measure = async (effort: Effort): Promise<Measurement> => {
    const { warmupMs } = effort
    // Forty opens, one after another, take their time.
    const options = { flood, flooderCount, openCount, warmupMs, measureMs: Math.max(effort.measureMs, 1000) }
    const patienceMs = options.warmupMs + options.measureMs + 20_000
    const [felt, held] = await runThree([server, flooder, guest], options, patienceMs)
    return { ...felt, ...held }
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

async function caseOf(ownRows: OwnRows): Promise<Case> {
  const name = `${flooderCount}-connections`
  return {
    name,
    title: `A guest of a server that ${flooderCount} connections flood`,
    note: `Three processes. The guest asks for an echo every 5 ms and opens ${openCount} connections, one after another; it waits 2 s at most.`,
    metrics: [
      { key: 'p50Us', title: 'median', unit: 'µs', better: 'less', compare: 'nothing' },
      { key: 'p99Us', title: '99th percentile', unit: 'µs', better: 'less', compare: 'ratio' },
      { key: 'lagUs', title: 'longest lag of the loop', unit: 'µs', better: 'less', compare: 'nothing' },
      { key: 'opened', title: `opened, of ${openCount}`, unit: 'count', better: 'more', compare: 'nothing' },
      { key: 'floodMBs', title: 'taken of the flood', unit: 'MB/s', better: 'more', compare: 'nothing' },
    ],
    chart: 'p99Us',
    rows: [
      floodRow({
        name: 'ws',
        kind: 'peer',
        note: 'messages of a byte',
        server: { kind: 'node', file: 'ws-flooded.ts' },
        flooder: { kind: 'node', file: 'ws-flooder.ts' },
        guest: { kind: 'node', file: 'ws-guest.ts' },
        flood: 'messages',
      }),
      ...(await ownRows({ case: name })),
    ],
    goals: [],
  }
}
