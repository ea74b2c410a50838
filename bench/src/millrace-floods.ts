import type { FloodKind } from './peers/flood-kinds.ts'
import type { Row } from './scenario.ts'
import { floodRow } from './scenarios/floods.ts'

const notes: Readonly<Record<FloodKind, string>> = {
  none: 'no flood',
  pings: 'pings',
  messages: 'messages of a byte',
  requests: 'requests that are answered',
  unanswered: 'requests without a handler',
  maps: 'msgpack: 16 maps of 1,024 keys each, all different, in one',
  arrays: 'msgpack: 65,535 empty arrays in one',
  text: 'msgpack: a text of 1 MB, four bytes each sign',
}

/** What a guest feels, for each kind of flood. */
export function rows(): readonly Row[] {
  return (Object.keys(notes) as FloodKind[]).map((flood) =>
    floodRow({
      name: `millrace, ${flood}`,
      kind: 'millrace',
      note: notes[flood],
      server: { kind: 'node', file: 'millrace-flooded.ts' },
      flooder: { kind: 'node', file: 'millrace-flooder.ts' },
      guest: { kind: 'node', file: 'millrace-guest.ts' },
      flood,
    }),
  )
}
