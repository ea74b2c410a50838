import { LossyPath, type PathModel } from '../lossy-path.ts'
import { nativeProgram } from '../native.ts'
import { type Case, type Effort, NotRun, type OwnRows, type Row, type Scenario } from '../scenario.ts'
import { type Facts, type Program, runPair } from '../worker.ts'
import { throughputMetrics, throughputRow } from './throughput.ts'

/** What arrives, and when, over a path that loses packets. */
export const net: Scenario = {
  name: 'net',
  title: 'goodput and lateness over a path that loses packets',
  cases: async (_effort, ownRows) => {
    const goodput = await Promise.all(losses.map((loss) => goodputCase(loss, ownRows)))
    return [...goodput, ...(await Promise.all(losses.map((loss) => streamCase(loss, ownRows))))]
  },
}

const losses: readonly number[] = [0, 0.02, 0.1]

/** 50 ms there and back, 20 Mbit/s, and a queue for as much as is under way then. */
const path: Omit<PathModel, 'loss'> = {
  seed: 0x5eed_cafe,
  delayMs: 25,
  bytesPerMs: 2500,
  queueBytes: 125_000,
  packetSizeMax: 1472,
}

const pathNote =
  'A seeded proxy of 20 Mbit/s, 25 ms each way, a queue of 125 KB, and packets of up to 1,472 bytes.'

/** A path takes longer to be measured than a processor: so many of the windows asked for. */
const windows = 3

/** How large a message of the bulk is, in bytes. */
const bulkSize = 1024

/** ENet's own. */
const enetMtu = 1392

/** How a row of this scenario is run, without the path between. */
export type NetRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly loss: number
  readonly listener: () => Program | Promise<Program>
  readonly dialer: () => Program | Promise<Program>
  readonly extra: Readonly<Record<string, string | number>>
}

/** Messages from the dialer to the listener, as fast as the path takes them. */
export function goodputRow({ loss, ...given }: NetRow): Row {
  const measure = async (effort: Effort) =>
    await through(loss, async (between) => {
      const row = throughputRow({ ...given, size: bulkSize, sends: 'dialer', between })
      return await row.measure({ ...effort, measureMs: windows * effort.measureMs })
    })
  return { ...given, measure }
}

/** A message 60 times a second from the dialer to the listener, which reports how late they are. */
export function streamRow({ loss, ...given }: NetRow): Row {
  const measure = async ({ warmupMs, measureMs }: Effort) => {
    const options = { warmupMs, measureMs: windows * measureMs, ...given.extra }
    const [listener, dialer] = await Promise.all([given.listener(), given.dialer()])
    return await through(loss, async (between) => {
      const pair = await runPair(
        { program: listener, options },
        { program: dialer, options },
        options.measureMs + 15_000,
        between,
      )
      return { ...pair.listener, arrived: pair.listener.arrived / ((options.measureMs / 1000) * 60) }
    })
  }
  return { ...given, measure }
}

type Between = (facts: Facts) => Promise<Facts>

async function through<T>(loss: number, run: (between: Between) => Promise<T>): Promise<T> {
  let proxy: LossyPath | undefined
  try {
    return await run(async ({ port }) => {
      proxy = await LossyPath.open(Number(port), { ...path, loss })
      return { port: proxy.port }
    })
  } finally {
    proxy?.close()
  }
}

async function goodputCase(loss: number, ownRows: OwnRows): Promise<Case> {
  const name = `bulk-${loss * 100}-percent`
  return {
    name,
    title: `Reliable messages of ${bulkSize} bytes over a path that loses ${loss * 100} %`,
    note: pathNote,
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
      withoutTcp,
      ...(await ownRows({ case: name, loss })),
    ],
    goals:
      loss === 0.02
        ? [
            {
              row: 'millrace bits',
              against: 'ENet C',
              metric: 'messagesPerSecond',
              bound: 'at least',
              ratio: 1.2,
            },
          ]
        : [],
  }
}

async function streamCase(loss: number, ownRows: OwnRows): Promise<Case> {
  const name = `stream-${loss * 100}-percent`
  const enet = {
    loss,
    listener: () => nativeProgram('enet-stream-receiver.c'),
    dialer: () => nativeProgram('enet-stream-sender.c'),
  }
  return {
    name,
    title: `A message of 64 bytes, 60 times a second, over a path that loses ${loss * 100} %`,
    note: `${pathNote}\nHow long each one took that arrived: half of the round trip is the least.`,
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
      withoutTcp,
      ...(await ownRows({ case: name, loss })),
    ],
    goals: [
      { row: 'millrace bits, sequenced', against: 'ENet C', metric: 'p99Ns', bound: 'at most', ratio: 1 },
    ],
  }
}

/** A channel over tcp, to be compared with. */
const withoutTcp: Row = {
  name: 'millrace bits, tcp',
  kind: 'millrace',
  measure: async () => {
    throw new NotRun(
      'a proxy of a program ends tcp, and loses none of its segments: that takes a network of the kernel',
    )
  },
}
