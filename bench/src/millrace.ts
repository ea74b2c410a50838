import type { Row, RowContext } from './scenario.ts'

/** A module that holds Millrace's rows of one scenario. */
export type RowSource = { rows(context: RowContext): readonly Row[] | Promise<readonly Row[]> }

/**
 * Where Millrace takes part, by the name of the scenario. A row is added by writing `millrace-NAME.ts` beside this
 * file, which exports `rows`, and by naming it here.
 */
const sources: Readonly<Record<string, () => Promise<RowSource>>> = {
  throughput: () => import('./millrace-throughput.ts'),
  rtt: () => import('./millrace-rtt.ts'),
  encryption: () => import('./millrace-encryption.ts'),
  codec: () => import('./millrace-codec.ts'),
  broadcast: () => import('./millrace-broadcast.ts'),
  datagrams: () => import('./millrace-datagrams.ts'),
  net: () => import('./millrace-net.ts'),
  memory: () => import('./millrace-memory.ts'),
  timers: () => import('./millrace-timers.ts'),
  local: () => import('./millrace-local.ts'),
  bytes: () => import('./millrace-bytes.ts'),
  floods: () => import('./millrace-floods.ts'),
  footprint: () => import('./millrace-footprint.ts'),
}

/** Millrace's rows of one case; none where Millrace doesn't take part. */
export async function millraceRows(scenario: string, context: RowContext): Promise<readonly Row[]> {
  const source = await sources[scenario]?.()
  return source === undefined ? [] : await source.rows(context)
}
