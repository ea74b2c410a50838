import type { Case, Effort, OwnRows, Row, Scenario } from '../scenario.ts'
import { runAlone } from '../worker.ts'

/** Messages within one thread. */
export const local: Scenario = {
  name: 'local',
  title: 'messages within one thread',
  cases: async (_effort, ownRows) => [await onlyCase(ownRows)],
}

/** How a local row is run: a file in peers/ that measures alone. */
export type LocalRow = Pick<Row, 'name' | 'kind' | 'note'> & { readonly file: string }

/** A row with a worker that reports `messagesPerSecond` and `cpuNsPerMessage`, as a Window does. */
export function localRow({ name, kind, note, file }: LocalRow): Row {
  const measure = async ({ warmupMs, measureMs }: Effort) =>
    await runAlone({ kind: 'node', file }, { warmupMs, measureMs }, warmupMs + measureMs + 8000)
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

async function onlyCase(ownRows: OwnRows): Promise<Case> {
  return {
    name: 'one-thread',
    title: 'Messages of three numbers within one thread',
    note: 'Each message is a new object { id, x, y }. EventEmitter calls the listener; the others deliver later.',
    metrics: [
      { key: 'messagesPerSecond', title: 'messages', unit: 'per second', better: 'more', compare: 'ratio' },
      { key: 'cpuNsPerMessage', title: 'CPU for one', unit: 'ns', better: 'less', compare: 'nothing' },
    ],
    chart: 'messagesPerSecond',
    rows: [
      localRow({ name: 'EventEmitter', kind: 'reference', file: 'local-emitter.ts' }),
      localRow({
        name: 'MessageChannel',
        kind: 'peer',
        note: 'both ports in one thread',
        file: 'local-message-channel.ts',
      }),
      ...(await ownRows({ case: 'one-thread' })),
    ],
    goals: [],
  }
}
