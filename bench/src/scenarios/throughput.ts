import { nativeProgram } from '../native.ts'
import type { Case, Effort, Goal, Metric, OwnRows, Row, Scenario } from '../scenario.ts'
import { type Facts, type Program, runPair } from '../worker.ts'

/** Small messages from a sender process to a receiver process, as many as go. */
export const throughput: Scenario = {
  name: 'throughput',
  title: 'messages from process to process over tcp, and over udp',
  cases: async ({ sizes }, ownRows) => [
    ...(await Promise.all(sizes.map((size) => overTcp(size, ownRows)))),
    ...(await Promise.all(sizes.filter((size) => size <= datagramMax).map((size) => overUdp(size, ownRows)))),
  ],
}

/** What is larger doesn't fit into a datagram of any network: raw `dgram` has no way to send it. */
const datagramMax = 1024

/** The largest that ENet knows, in bytes. */
const enetMtu = 4096

/** How a throughput row is run. `sends` says which of the two workers is the sender. */
export type ThroughputRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly size: number
  readonly sends: 'listener' | 'dialer'
  readonly listener: () => Program | Promise<Program>
  readonly dialer: () => Program | Promise<Program>
  /** Further options for both workers, such as the protocol. */
  readonly extra?: Readonly<Record<string, string | number>>
  /** What lies between the two: makes other facts of the listener's for the dialer. */
  readonly between?: (facts: Facts) => Promise<Facts>
  /** How much longer than its windows it may take, in milliseconds. Default 8,000. */
  readonly patienceMs?: number
}

/** A row with two workers that report `messagesPerSecond` and `cpuNsPerMessage` of their own window each. */
export function throughputRow(given: ThroughputRow): Row {
  const { name, kind, note, size, sends, extra } = given
  const measure = async (effort: Effort) => {
    const options = { size, warmupMs: effort.warmupMs, measureMs: effort.measureMs, ...extra }
    const patienceMs = effort.warmupMs + effort.measureMs + (given.patienceMs ?? 8000)
    const [listener, dialer] = await Promise.all([given.listener(), given.dialer()])
    const pair = await runPair(
      { program: listener, options },
      { program: dialer, options },
      patienceMs,
      given.between,
    )
    const [sender, receiver] =
      sends === 'listener' ? [pair.listener, pair.dialer] : [pair.dialer, pair.listener]
    return {
      messagesPerSecond: receiver.messagesPerSecond,
      megabytesPerSecond: (receiver.messagesPerSecond * size) / 1e6,
      senderCpuNs: sender.cpuNsPerMessage,
      receiverCpuNs: receiver.cpuNsPerMessage,
    }
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

/** What a throughput row reports. */
export const throughputMetrics: readonly Metric[] = [
  { key: 'messagesPerSecond', title: 'messages', unit: 'per second', better: 'more', compare: 'ratio' },
  { key: 'megabytesPerSecond', title: 'bodies', unit: 'MB/s', better: 'more', compare: 'nothing' },
  { key: 'senderCpuNs', title: 'CPU sending one', unit: 'ns', better: 'less', compare: 'nothing' },
  { key: 'receiverCpuNs', title: 'CPU receiving one', unit: 'ns', better: 'less', compare: 'nothing' },
]

const goalsOverTcp: readonly Goal[] = [
  { row: 'millrace bits', against: 'libzmq C', metric: 'messagesPerSecond', bound: 'at least', ratio: 4 },
  { row: 'millrace bits', against: 'zeromq.js', metric: 'messagesPerSecond', bound: 'at least', ratio: 40 },
  { row: 'millrace bits', against: 'ws', metric: 'messagesPerSecond', bound: 'at least', ratio: 40 },
  { row: 'millrace bits', against: 'net', metric: 'messagesPerSecond', bound: 'at least', ratio: 0.5 },
]

const goalsOverUdp: readonly Goal[] = (['', ', unreliable'] as const).flatMap((delivery) => {
  const own = { row: `millrace bits${delivery}`, metric: 'messagesPerSecond', bound: 'at least' } as const
  return [
    { ...own, against: 'dgram', ratio: 10 },
    { ...own, against: `ENet C${delivery}`, ratio: 3 },
  ]
})

const node = (file: string) => (): Program => ({ kind: 'node', file })
const native = (name: string) => () => nativeProgram(`${name}.c`)

async function overTcp(size: number, ownRows: OwnRows): Promise<Case> {
  const name = `${size}-bytes`
  return {
    name,
    title: `Messages of ${size} bytes, process to process over tcp`,
    note: [
      `net is the bytes a raw socket moves in 64 KiB writes, counted in ${size}-byte pieces: it has no messages.`,
      'net framed, ws, zeromq and libzmq carry one ready-made buffer and decode nothing, which is their best case.',
      'Millrace makes and reads typed objects; the side that connects reads into one buffer, so it is the faster receiver.',
    ].join('\n'),
    metrics: throughputMetrics,
    chart: 'messagesPerSecond',
    rows: [...tcpPeers(size), ...(await ownRows({ case: name, size, transport: 'tcp' }))],
    goals: size === 64 ? goalsOverTcp : [],
  }
}

async function overUdp(size: number, ownRows: OwnRows): Promise<Case> {
  const name = `${size}-bytes-udp`
  return {
    name,
    title: `Messages of ${size} bytes, process to process over udp`,
    note: [
      "dgram is raw: one datagram a message, of a ready-made buffer. What its receiver can't read in time is lost; counted is what arrives.",
      'ENet sends a ready-made buffer too, and puts several into a datagram of up to 4,096 bytes, the largest that it knows.',
      'Millrace makes and reads typed objects, and finds out that the loopback carries datagrams of 16,000 bytes; one row has what Ethernet carries.',
    ].join('\n'),
    metrics: throughputMetrics,
    chart: 'messagesPerSecond',
    rows: [...udpPeers(size), ...(await ownRows({ case: name, size, transport: 'udp' }))],
    goals: size === 64 ? goalsOverUdp : [],
  }
}

function udpPeers(size: number): Row[] {
  const enet = {
    kind: 'peer',
    size,
    sends: 'dialer',
    listener: native('enet-receiver'),
    dialer: native('enet-sender'),
  } as const
  return [
    throughputRow({
      name: 'dgram',
      kind: 'reference',
      note: 'connected',
      size,
      sends: 'dialer',
      listener: node('dgram-receiver.ts'),
      dialer: node('dgram-sender.ts'),
    }),
    throughputRow({
      ...enet,
      name: 'ENet C',
      note: 'reliable packets, compiled here with cc -O2',
      extra: { delivery: 'reliable', mtu: enetMtu, host: '127.0.0.1' },
    }),
    throughputRow({
      ...enet,
      name: 'ENet C, unreliable',
      note: 'unsequenced packets',
      extra: { delivery: 'unreliable', mtu: enetMtu, host: '127.0.0.1' },
    }),
  ]
}

function tcpPeers(size: number): Row[] {
  const ws = {
    kind: 'peer',
    size,
    sends: 'listener',
    listener: node('ws-sender.ts'),
    dialer: node('ws-receiver.ts'),
  } as const
  return [
    throughputRow({
      name: 'net',
      kind: 'reference',
      size,
      sends: 'dialer',
      listener: node('net-receiver.ts'),
      dialer: node('net-sender.ts'),
    }),
    throughputRow({
      name: 'net, receiver connects',
      kind: 'peer',
      note: 'the other direction, where Node can read into one buffer (onread)',
      size,
      sends: 'listener',
      listener: node('net-sender.ts'),
      dialer: node('net-receiver.ts'),
    }),
    throughputRow({
      name: 'net framed',
      kind: 'peer',
      note: 'a 4-byte length written and cut by hand; one write a message, corked by 256',
      size,
      sends: 'dialer',
      listener: node('framed-receiver.ts'),
      dialer: node('framed-sender.ts'),
    }),
    throughputRow({
      ...ws,
      name: 'ws',
      note: 'server to client, so nothing is masked',
      extra: { corked: 'no' },
    }),
    throughputRow({ ...ws, name: 'ws corked', note: 'the same, corked by 256', extra: { corked: 'yes' } }),
    throughputRow({
      name: 'zeromq.js',
      kind: 'peer',
      note: 'PUSH to PULL',
      size,
      sends: 'dialer',
      listener: node('zeromq-receiver.ts'),
      dialer: node('zeromq-sender.ts'),
    }),
    throughputRow({
      name: 'libzmq C',
      kind: 'peer',
      note: 'PUSH to PULL in C, compiled here with cc -O2; both directions are one to it',
      size,
      sends: 'dialer',
      listener: native('zmq-pull'),
      dialer: native('zmq-push'),
    }),
  ]
}
