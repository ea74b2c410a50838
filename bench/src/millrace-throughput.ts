import type { Row, RowContext } from './scenario.ts'
import { throughputRow } from './scenarios/throughput.ts'
import type { Program } from './worker.ts'

const receiver = (): Program => ({ kind: 'node', file: 'millrace-receiver.ts' })
const sender = (): Program => ({ kind: 'node', file: 'millrace-sender.ts' })

/** Millrace's protocols among those who send small messages, in both directions. */
export function rows({ size = 64, transport }: RowContext): readonly Row[] {
  return transport === 'udp' ? udpRows(size) : tcpRows(size)
}

function udpRows(size: number): readonly Row[] {
  const connects = { kind: 'millrace', size, sends: 'listener', listener: sender, dialer: receiver } as const
  const binds = { kind: 'millrace', size, sends: 'dialer', listener: receiver, dialer: sender } as const
  const options = { protocol: 'bits', transport: 'udp' }
  return [
    throughputRow({
      ...connects,
      name: 'millrace bits',
      note: 'object to object, reliable and in order; server to client',
      extra: { ...options, delivery: 'reliable' },
    }),
    throughputRow({
      ...binds,
      name: 'millrace bits, receiver binds',
      note: 'the same, client to server',
      extra: { ...options, delivery: 'reliable' },
    }),
    throughputRow({
      ...connects,
      name: 'millrace bits, packets of 1,472',
      note: 'setPacketSizeMax(1472)',
      extra: { ...options, delivery: 'reliable', packetSizeMax: 1472 },
    }),
    throughputRow({
      ...connects,
      name: 'millrace bits, unreliable',
      note: 'server to client; the sender asks for budgetBytes, as what has no room would be dropped',
      extra: { ...options, delivery: 'unreliable' },
    }),
    throughputRow({
      ...binds,
      name: 'millrace bits, unreliable, receiver binds',
      note: 'client to server',
      extra: { ...options, delivery: 'unreliable' },
    }),
  ]
}

function tcpRows(size: number): readonly Row[] {
  const connects = { size, sends: 'listener', listener: sender, dialer: receiver } as const
  const binds = { size, sends: 'dialer', listener: receiver, dialer: sender } as const
  return [
    throughputRow({
      ...connects,
      name: 'millrace bits',
      kind: 'millrace',
      note: `object to object, ${size} bytes in a contract's message; server to client`,
      extra: { protocol: 'bits' },
    }),
    throughputRow({
      ...binds,
      name: 'millrace bits, receiver binds',
      kind: 'millrace',
      note: 'the same, client to server',
      extra: { protocol: 'bits' },
    }),
    throughputRow({
      ...connects,
      name: 'millrace msgpack',
      kind: 'millrace',
      note: 'the same objects with their field names; server to client',
      extra: { protocol: 'msgpack' },
    }),
    throughputRow({
      ...binds,
      name: 'millrace msgpack, receiver binds',
      kind: 'millrace',
      note: 'the same, client to server',
      extra: { protocol: 'msgpack' },
    }),
  ]
}
