import type { Row } from './scenario.ts'
import { memoryRow } from './scenarios/memory.ts'

/** What an idle channel weighs. */
export function rows(): readonly Row[] {
  const shared = {
    kind: 'millrace',
    listenerFile: 'millrace-idle.ts',
    dialer: { kind: 'node', file: 'millrace-sinks.ts' },
  } as const
  return [
    memoryRow({
      ...shared,
      name: 'millrace bits',
      note: 'a channel after its hello, with a message and a close handler',
      extra: { heartbeat: 'off' },
    }),
    memoryRow({
      ...shared,
      name: 'millrace bits, heartbeat',
      note: 'the same with setHeartbeat',
      extra: { heartbeat: 'on' },
    }),
    memoryRow({
      ...shared,
      name: 'millrace bits, encrypted',
      note: 'the same without heartbeat, with encryption: { key }',
      extra: { heartbeat: 'off', protection: 'chacha20-poly1305' },
    }),
  ]
}
