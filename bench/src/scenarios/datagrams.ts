import type { Case, Effort, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Program, runPair } from '../worker.ts'

/** What a snapshot costs a server that sends one to each of many channels, 20 times a second. */
export const datagrams: Scenario = {
  name: 'datagrams',
  title: 'snapshots of 200 bytes to many channels over udp, 20 times a second',
  cases: async (effort, ownRows) => [await caseOf(effort.broadcastChannelCount, ownRows)],
}

/** How such a row is run: the listener sends, and reports its CPU time for each; the dialer opens the channels and counts what arrives. */
export type SnapshotRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly listener: Program
  readonly dialer: Program
  readonly delivery?: string
  readonly protection?: string
}

const patienceMs = 30_000

/** A row with two workers that are told the count, `delivery` and `protection`. */
export function snapshotRow(given: SnapshotRow): Row {
  const { name, kind, note, delivery = 'unreliable', protection = 'none' } = given
  const measure = async ({ broadcastChannelCount: count, warmupMs, measureMs }: Effort) => {
    const options = { count, warmupMs, measureMs, delivery, protection }
    const { listener, dialer } = await runPair(
      { program: given.listener, options },
      { program: given.dialer, options },
      patienceMs + warmupMs + measureMs,
    )
    return {
      senderCpuNs: listener.cpuNsPerMessage,
      sentPerSecond: listener.messagesPerSecond,
      arrivedPerSecond: dialer.messagesPerSecond,
      receiverCpuNs: dialer.cpuNsPerMessage,
    }
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

async function caseOf(count: number, ownRows: OwnRows): Promise<Case> {
  const name = `${count}-channels`
  return {
    name,
    title: `A snapshot of 200 bytes to each of ${count} channels, 20 times a second over udp`,
    note: [
      'CPU time of the server for each snapshot: raw dgram sends one ready-made buffer and reads nothing;',
      'Millrace makes an object a message for each channel, sends it in a packet of its own, and reads the acknowledgements of all.',
    ].join('\n'),
    metrics: [
      { key: 'senderCpuNs', title: 'CPU sending one', unit: 'ns', better: 'less', compare: 'ratio' },
      { key: 'sentPerSecond', title: 'sent', unit: 'per second', better: 'more', compare: 'nothing' },
      { key: 'arrivedPerSecond', title: 'arrived', unit: 'per second', better: 'more', compare: 'nothing' },
      { key: 'receiverCpuNs', title: 'CPU receiving one', unit: 'ns', better: 'less', compare: 'nothing' },
    ],
    chart: 'senderCpuNs',
    rows: [
      snapshotRow({
        name: 'dgram',
        kind: 'reference',
        note: 'one socket sends to all addresses',
        listener: { kind: 'node', file: 'dgram-snapshots.ts' },
        dialer: { kind: 'node', file: 'dgram-snapshot-sinks.ts' },
      }),
      ...(await ownRows({ case: name })),
    ],
    goals: ['unreliable', 'sequenced'].map((delivery) => ({
      row: `millrace bits, ${delivery}`,
      against: 'dgram',
      metric: 'senderCpuNs',
      bound: 'at most',
      ratio: 1.5,
    })),
  }
}
