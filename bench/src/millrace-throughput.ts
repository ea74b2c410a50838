import type { Row, RowContext } from './scenario.ts'
import { throughputRow } from './scenarios/throughput.ts'
import type { Program } from './worker.ts'

const receiver = (): Program => ({ kind: 'node', file: 'millrace-receiver.ts' })
const sender = (): Program => ({ kind: 'node', file: 'millrace-sender.ts' })

/** Millrace's protocols among those who send small messages, in both directions. */
export function rows({ size = 64 }: RowContext): readonly Row[] {
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
