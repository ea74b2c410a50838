import type { Row } from './scenario.ts'
import { broadcastRow } from './scenarios/broadcast.ts'

/** `pipe.broadcast` beside writing to each socket. */
export function rows(): readonly Row[] {
  return [
    broadcastRow({
      name: 'millrace bits',
      kind: 'millrace',
      note: 'pipe.broadcast of an object, encoded once; the same raw readers',
      listener: { kind: 'node', file: 'millrace-broadcast.ts' },
      dialer: { kind: 'node', file: 'millrace-raw-sinks.ts' },
    }),
  ]
}
