import type { Row } from './scenario.ts'
import { snapshotRow } from './scenarios/datagrams.ts'

/** Snapshots by deliveries that lose some, and sealed. */
export function rows(): readonly Row[] {
  const shared = {
    kind: 'millrace',
    listener: { kind: 'node', file: 'millrace-snapshots.ts' },
    dialer: { kind: 'node', file: 'millrace-snapshot-sinks.ts' },
  } as const
  return [
    snapshotRow({ ...shared, name: 'millrace bits, unreliable', delivery: 'unreliable' }),
    snapshotRow({
      ...shared,
      name: 'millrace bits, sequenced',
      note: 'an older one than what has arrived is dropped',
      delivery: 'sequenced',
    }),
    snapshotRow({
      ...shared,
      name: 'millrace bits, sequenced, encrypted',
      note: 'the same with encryption: { key }',
      delivery: 'sequenced',
      protection: 'chacha20-poly1305',
    }),
  ]
}
