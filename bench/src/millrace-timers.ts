import type { Row, RowContext } from './scenario.ts'
import { churns, timerRow } from './scenarios/timers.ts'

/** @millrace/timer among the timers. */
export function rows({ case: name }: RowContext): readonly Row[] {
  return [
    timerRow({
      name: 'millrace timer',
      kind: 'millrace',
      note: 'keyed: the slot is the key',
      file: 'millrace-timers.ts',
      churn: churns[name],
    }),
  ]
}
