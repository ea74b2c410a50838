import type { Case, Effort, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Program, runPair } from '../worker.ts'

/** One message to a thousand channels. */
export const broadcast: Scenario = {
  name: 'broadcast',
  title: 'one message to many channels',
  cases: async (effort, ownRows) => [await caseOf(effort.broadcastChannelCount, ownRows)],
}

const messageSize = 64

/** How a broadcast row is run: the listener sends and measures, the dialer opens the channels and reads. */
export type BroadcastRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly listener: Program
  readonly dialer: Program
}

/** A row with a listener that reports `cpuUsPerRound` and `cpuNsPerChannel`. Both workers are told `count` and `size`. */
export function broadcastRow({ name, kind, note, listener, dialer }: BroadcastRow): Row {
  const measure = async ({ warmupMs, measureMs, broadcastChannelCount: count }: Effort) => {
    const options = { warmupMs, measureMs, count, size: messageSize }
    const pair = await runPair(
      { program: listener, options },
      { program: dialer, options },
      warmupMs + measureMs + 20_000,
    )
    return pair.listener
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

async function caseOf(count: number, ownRows: OwnRows): Promise<Case> {
  const name = `${count}-channels`
  return {
    name,
    title: `One message of ${messageSize} bytes to ${count} channels over tcp`,
    note: 'CPU time of the sending process for one round; a round every 10 ms, read by another process.',
    metrics: [
      { key: 'cpuUsPerRound', title: 'CPU a round', unit: 'µs', better: 'less', compare: 'ratio' },
      { key: 'cpuNsPerChannel', title: 'CPU a channel', unit: 'ns', better: 'less', compare: 'nothing' },
    ],
    chart: 'cpuUsPerRound',
    rows: [
      broadcastRow({
        name: 'net',
        kind: 'reference',
        note: 'socket.write of one shared buffer on each socket',
        listener: { kind: 'node', file: 'net-broadcast.ts' },
        dialer: { kind: 'node', file: 'net-sinks.ts' },
      }),
      ...(await ownRows({ case: name, size: messageSize })),
    ],
    goals: [{ row: 'millrace bits', against: 'net', metric: 'cpuUsPerRound', bound: 'at most', ratio: 1.1 }],
  }
}
