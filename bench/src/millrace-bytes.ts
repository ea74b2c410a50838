import type { Direction } from './game-mix.ts'
import type { Row, RowContext } from './scenario.ts'
import { bytesRow } from './scenarios/bytes.ts'

/** What a game's messages weigh with either protocol. */
export function rows({ case: name }: RowContext): readonly Row[] {
  const shared = { file: 'millrace-bytes.ts', kind: 'millrace', direction: name as Direction } as const
  return [
    bytesRow({
      ...shared,
      name: 'millrace bits',
      note: "a contract's messages",
      extra: { protocol: 'bits' },
    }),
    bytesRow({
      ...shared,
      name: 'millrace msgpack',
      note: 'the same objects with the names of their fields; the name of the message is in the header',
      extra: { protocol: 'msgpack' },
    }),
  ]
}
