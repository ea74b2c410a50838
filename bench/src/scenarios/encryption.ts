import type { Case, Effort, Goal, Metric, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Program, runAlone, runPair } from '../worker.ts'
import { roundTripMetrics, roundTripRow } from './rtt.ts'
import { throughputMetrics, throughputRow } from './throughput.ts'

/** What encryption costs, beside node:tls and CURVE. */
export const encryption: Scenario = {
  name: 'encryption',
  title: 'encrypted messages, round trips and handshakes',
  cases: async (_effort, ownRows) =>
    await Promise.all([messages(ownRows), roundTrips(ownRows), channels(ownRows), handshakes(ownRows)]),
}

/** The size of the messages: there is no option for others. */
const size = 64

/** How a row that opens channels is run: the listener takes them, the dialer opens and closes. */
export type ChannelsRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly listenerFile: string
  readonly dialerFile: string
  readonly extra: Readonly<Record<string, string | number>>
}

/** A row with a listener that reports `channelsPerSecond`, `cpuUs` and `channelsPerCoreSecond`. */
export function channelsRow({ name, kind, note, listenerFile, dialerFile, extra }: ChannelsRow): Row {
  const measure = async ({ warmupMs, measureMs }: Effort) => {
    const options = { size, warmupMs, measureMs, ...extra }
    const pair = await runPair(
      { program: { kind: 'node', file: listenerFile }, options },
      { program: { kind: 'node', file: dialerFile }, options },
      warmupMs + measureMs + 8000,
    )
    return pair.listener
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

/** A row of handshakes within one thread, with a worker that reports what a Window does. `shaker` says who shakes hands. */
export function handshakeRow(given: Pick<Row, 'name' | 'kind' | 'note'> & { readonly shaker: string }): Row {
  const { name, kind, note, shaker } = given
  const measure = async ({ warmupMs, measureMs }: Effort) =>
    await runAlone(
      { kind: 'node', file: 'handshakes.ts' },
      { warmupMs, measureMs, shaker },
      warmupMs + measureMs + 8000,
    )
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

const plain = 'millrace, plain'

async function messages(ownRows: OwnRows): Promise<Case> {
  const name = 'messages'
  const goal = (row: string, against: string, ratio: number): Goal => ({
    row,
    against,
    metric: 'messagesPerSecond',
    bound: 'at least',
    ratio,
  })
  return {
    name,
    title: `Encrypted messages of ${size} bytes, process to process over tcp`,
    note: [
      'Typed objects, server to client. node:tls carries the same frames from the same encoder to the same decoder, sealed by the same ciphers.',
      'CURVE is what zeromq.js has: one ready-made buffer a message, not decoded.',
    ].join('\n'),
    metrics: throughputMetrics,
    chart: 'messagesPerSecond',
    rows: [
      ...(await ownRows({ case: name, size })),
      throughputRow({
        name: 'zeromq.js, CURVE',
        kind: 'peer',
        note: 'PUSH to PULL',
        size,
        sends: 'dialer',
        listener: node('zeromq-receiver.ts'),
        dialer: node('zeromq-sender.ts'),
        extra: { security: 'curve' },
      }),
    ],
    goals: [
      goal('millrace, AES-256-GCM', plain, 0.7),
      goal('millrace, ChaCha20-Poly1305', plain, 0.7),
      goal('millrace, AES-256-GCM', 'node:tls, AES-256-GCM', 1),
      goal('millrace, ChaCha20-Poly1305', 'node:tls, ChaCha20-Poly1305', 1),
      goal('millrace, ChaCha20-Poly1305', 'zeromq.js, CURVE', 20),
    ],
  }
}

async function roundTrips(ownRows: OwnRows): Promise<Case> {
  const name = 'round-trips'
  const goal = (row: string): Goal => ({
    row,
    against: plain,
    metric: 'p50Us',
    bound: 'at most',
    ratio: 1.3,
  })
  return {
    name,
    title: `Encrypted round trip of ${size} bytes over tcp`,
    note: 'One message in flight: each is a record of its own.',
    metrics: roundTripMetrics,
    chart: 'p50Us',
    rows: [
      ...(await ownRows({ case: name, size })),
      roundTripRow({
        name: 'zeromq.js, CURVE',
        kind: 'peer',
        note: 'REQ to REP',
        size,
        listener: node('zeromq-reply.ts'),
        dialer: node('zeromq-request.ts'),
        extra: { security: 'curve' },
      }),
    ],
    goals: [goal('millrace, AES-256-GCM'), goal('millrace, ChaCha20-Poly1305')],
  }
}

async function channels(ownRows: OwnRows): Promise<Case> {
  const metrics: readonly Metric[] = [
    {
      key: 'channelsPerCoreSecond',
      title: 'a core of the server',
      unit: 'per second',
      better: 'more',
      compare: 'ratio',
    },
    { key: 'cpuUs', title: 'CPU of the server', unit: 'µs', better: 'less', compare: 'difference' },
    {
      key: 'channelsPerSecond',
      title: 'opened',
      unit: 'per second',
      better: 'more',
      compare: 'nothing',
    },
  ]
  return {
    name: 'channels',
    title: 'Channels opened over tcp, and what each costs the server',
    note: [
      'From the connection to `accepted`, the end of the channel included: what a row has above the plain one is its handshake. The client, one process,',
      'is the slower side and bounds how many are opened.',
    ].join('\n'),
    metrics,
    chart: 'channelsPerCoreSecond',
    rows: await ownRows({ case: 'channels' }),
    goals: [],
  }
}

async function handshakes(ownRows: OwnRows): Promise<Case> {
  return {
    name: 'handshakes',
    title: 'Noise_XX_25519_ChaChaPoly_BLAKE2b handshakes, both sides in one thread',
    note: 'No network. A server does one side: about twice as many.',
    metrics: [
      { key: 'messagesPerSecond', title: 'handshakes', unit: 'per second', better: 'more', compare: 'ratio' },
      { key: 'cpuNsPerMessage', title: 'CPU for one', unit: 'ns', better: 'less', compare: 'nothing' },
    ],
    chart: 'messagesPerSecond',
    rows: [
      handshakeRow({
        name: 'noise-handshake',
        kind: 'reference',
        note: 'on libsodium',
        shaker: 'noise-handshake',
      }),
      ...(await ownRows({ case: 'handshakes' })),
    ],
    goals: [],
  }
}

function node(file: string): () => Program {
  return () => ({ kind: 'node', file })
}
