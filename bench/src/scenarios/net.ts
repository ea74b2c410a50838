import { nativeProgram } from '../native.ts'
import type { Case, Effort, Goal, OwnRows, Row, Scenario } from '../scenario.ts'
import { runPair } from '../worker.ts'
import { bulkSize, enetMtu, type NetRow, netPath, windows } from './net-bulk.ts'
import { type NetKind, netKind, overPath } from './net-path.ts'
import { queueCase, shareCase } from './net-shared.ts'
import { throughputMetrics, throughputRow } from './throughput.ts'

/** What arrives, and when, over a path that loses packets or is full. */
export const net: Scenario = {
  name: 'net',
  title: 'goodput and lateness over a path that loses packets, or is full',
  cases: async (_effort, ownRows) => {
    const note = noteOf(await netKind())
    const goodput = await Promise.all(losses.map((loss) => goodputCase(loss, note, ownRows)))
    const streams = await Promise.all(losses.map((loss) => streamCase(loss, note, ownRows)))
    return [...goodput, ...streams, await queueCase(note, ownRows), await shareCase(note, ownRows)]
  },
}

const losses: readonly number[] = [0, 0.02, 0.1]

function noteOf(network: NetKind): string {
  const path = '20 Mbit/s, 25 ms each way, a queue of 125 KB, and packets of up to 1,472 bytes'
  if (network.kind === 'proxy')
    return `A seeded proxy of ${path}. Without a network of the kernel: ${network.why}.`
  return `Two networks of the kernel with a seeded path of ${path}. Its tcp takes ${network.standard} by itself.`
}

/** Messages from the dialer to the listener, as fast as the path takes them. */
export function goodputRow({ loss, congestion, transport = 'udp', ...given }: NetRow): Row {
  const measure = async (effort: Effort) =>
    await overPath(netPath(loss), { kernel: transport === 'tcp', congestion }, async (path) => {
      const row = throughputRow({
        ...given,
        listener: async () => path.listener(await given.listener()),
        dialer: async () => path.dialer(await given.dialer()),
        extra: { ...given.extra, host: path.host },
        size: bulkSize,
        sends: 'dialer',
        between: path.between,
        patienceMs: 40_000,
      })
      return await row.measure({ ...effort, measureMs: windows * effort.measureMs })
    })
  return { ...given, measure }
}

/** A message 60 times a second from the dialer to the listener, which reports how late they are. */
export function streamRow({ loss, congestion, transport = 'udp', ...given }: NetRow): Row {
  const measure = async ({ warmupMs, measureMs }: Effort) => {
    const [listener, dialer] = await Promise.all([given.listener(), given.dialer()])
    return await overPath(netPath(loss), { kernel: transport === 'tcp', congestion }, async (path) => {
      const options = { warmupMs, measureMs: windows * measureMs, ...given.extra, host: path.host }
      const pair = await runPair(
        { program: path.listener(listener), options },
        { program: path.dialer(dialer), options },
        options.measureMs + 40_000,
        path.between,
      )
      return { ...pair.listener, arrived: pair.listener.arrived / ((options.measureMs / 1000) * 60) }
    })
  }
  return { ...given, measure }
}

async function goodputCase(loss: number, note: string, ownRows: OwnRows): Promise<Case> {
  const name = `bulk-${loss * 100}-percent`
  const own = { row: 'millrace bits', metric: 'messagesPerSecond', bound: 'at least' } as const
  return {
    name,
    title: `Reliable messages of ${bulkSize} bytes over a path that loses ${loss * 100} %`,
    note,
    metrics: throughputMetrics,
    chart: 'megabytesPerSecond',
    rows: [
      goodputRow({
        name: 'ENet C',
        kind: 'reference',
        note: 'reliable packets',
        loss,
        listener: () => nativeProgram('enet-receiver.c'),
        dialer: () => nativeProgram('enet-sender.c'),
        extra: { delivery: 'reliable', mtu: enetMtu },
      }),
      ...(await ownRows({ case: name, loss })),
    ],
    goals:
      loss === 0.02
        ? [
            { ...own, against: 'ENet C', ratio: 1.2 },
            { ...own, against: 'millrace bits, tcp cubic', ratio: 1.5 },
          ]
        : [],
  }
}

async function streamCase(loss: number, note: string, ownRows: OwnRows): Promise<Case> {
  const name = `stream-${loss * 100}-percent`
  const enet = {
    loss,
    listener: () => nativeProgram('enet-stream-receiver.c'),
    dialer: () => nativeProgram('enet-stream-sender.c'),
  }
  const own = { row: 'millrace bits, sequenced', metric: 'p99Ns', bound: 'at most' } as const
  const overTcp: Goal[] = [{ ...own, against: 'millrace bits, tcp cubic', ratio: 0.5 }]
  return {
    name,
    title: `A message of 64 bytes, 60 times a second, over a path that loses ${loss * 100} %`,
    note: `${note}\nHow long each one took that arrived: half of the round trip is the least.`,
    metrics: [
      { key: 'p99Ns', title: 'late, p99', unit: 'ns', better: 'less', compare: 'ratio' },
      { key: 'medianNs', title: 'median', unit: 'ns', better: 'less', compare: 'nothing' },
      { key: 'arrived', title: 'arrived, of 1', unit: 'share', better: 'more', compare: 'nothing' },
    ],
    chart: 'p99Ns',
    rows: [
      streamRow({
        ...enet,
        name: 'ENet C',
        kind: 'reference',
        note: 'packets that are unreliable and in sequence',
        extra: { delivery: 'sequenced', mtu: enetMtu },
      }),
      streamRow({
        ...enet,
        name: 'ENet C, reliable',
        kind: 'peer',
        extra: { delivery: 'reliable', mtu: enetMtu },
      }),
      ...(await ownRows({ case: name, loss })),
    ],
    // Without losses all are as late as the path is long.
    goals: [{ ...own, against: 'ENet C', ratio: 1 }, ...(loss > 0 ? overTcp : [])],
  }
}
