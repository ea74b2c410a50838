import type { Row, RowContext } from './scenario.ts'
import { roundTripRow } from './scenarios/rtt.ts'
import type { Program } from './worker.ts'

const echo = (): Program => ({ kind: 'node', file: 'millrace-echo.ts' })
const ping = (): Program => ({ kind: 'node', file: 'millrace-ping.ts' })

/** Millrace's protocols among those who send one message there and back. */
export function rows({ size = 64 }: RowContext): readonly Row[] {
  const shared = { size, listener: echo, dialer: ping } as const
  return [
    roundTripRow({
      ...shared,
      name: 'millrace bits',
      kind: 'millrace',
      note: 'an object each way',
      extra: { protocol: 'bits' },
    }),
    roundTripRow({
      ...shared,
      name: 'millrace msgpack',
      kind: 'millrace',
      note: 'the same objects with their field names',
      extra: { protocol: 'msgpack' },
    }),
  ]
}
