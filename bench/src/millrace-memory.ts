import type { Row, RowContext } from './scenario.ts'
import { memoryRow } from './scenarios/memory.ts'

/** What an idle channel weighs. */
export function rows({ count = 1000, transport = 'tcp' }: RowContext): readonly Row[] {
  const row = (name: string, note: string, extra: { heartbeat: 'on' | 'off'; protection?: string }) =>
    memoryRow({
      name,
      note,
      count,
      kind: 'millrace',
      listenerFile: 'millrace-idle.ts',
      dialer: { kind: 'node', file: 'millrace-sinks.ts' },
      extra: { transport, ...extra },
    })
  const plain = row('millrace bits', 'a channel after its hello, with a message and a close handler', {
    heartbeat: 'off',
  })
  const heartbeat = row('millrace bits, heartbeat', 'the same with setHeartbeat', { heartbeat: 'on' })
  const encrypted = row('millrace bits, encrypted', 'the same without heartbeat, with encryption: { key }', {
    heartbeat: 'off',
    protection: 'chacha20-poly1305',
  })
  return transport === 'tcp' ? [plain, heartbeat, encrypted] : [plain, encrypted]
}
