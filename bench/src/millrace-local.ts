import type { Row } from './scenario.ts'
import { localRow } from './scenarios/local.ts'

/** A local channel beside other ways to call within a thread. */
export function rows(): readonly Row[] {
  return [
    localRow({
      name: 'millrace local',
      kind: 'millrace',
      note: "two pipes of one process, open('local')",
      file: 'millrace-local.ts',
    }),
  ]
}
