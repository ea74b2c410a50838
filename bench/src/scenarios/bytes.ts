import { type Direction, mixContract } from '../game-mix.ts'
import type { Case, Effort, OwnRows, Row, Scenario } from '../scenario.ts'
import { runAlone } from '../worker.ts'

/** What a game's messages weigh on the wire. */
export const bytes: Scenario = {
  name: 'bytes',
  title: 'bytes of a message in a game of many small ones',
  cases: async ({ mixMessageCount }, ownRows) =>
    await Promise.all(
      (['down', 'up'] as const).map((direction) => caseOf(direction, mixMessageCount, ownRows)),
    ),
}

/** How a row is run: a file in peers/ that has both ends and counts what the receiving socket read. */
export type BytesRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly file: string
  readonly direction: Direction
  readonly extra: Readonly<Record<string, string>>
}

/** A row with a worker that reports what `WireBytes` measured. */
export function bytesRow({ name, kind, note, file, direction, extra }: BytesRow): Row {
  const measure = async ({ mixMessageCount: messageCount }: Effort) =>
    await runAlone({ kind: 'node', file }, { direction, messageCount, ...extra }, 30_000)
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

const titles: Readonly<Record<Direction, string>> = {
  down: 'server to client',
  up: 'client to server',
}

async function caseOf(direction: Direction, messageCount: number, ownRows: OwnRows): Promise<Case> {
  const shared = { file: 'ws-bytes.ts', direction, kind: 'peer' } as const
  const wsRow = (format: string, layout: string, note: string) =>
    bytesRow({ ...shared, name: `ws ${format} ${layout}`, note, extra: { format, layout } })
  return {
    name: direction,
    title: `Bytes of each of ${messageCount} messages of a game, ${titles[direction]}`,
    note: [
      `A seeded mix of ${mixContract.entries.length} kinds over tcp, as the receiving socket counts it, without handshake and hello. The header is what`,
      "isn't body: frames, and Millrace's number of the message, which the others have in the body.",
    ].join('\n'),
    metrics: [
      { key: 'wireBytes', title: 'on the wire', unit: 'bytes', better: 'less', compare: 'ratio' },
      { key: 'bodyBytes', title: 'body', unit: 'bytes', better: 'less', compare: 'nothing' },
      { key: 'headerBytes', title: 'header', unit: 'bytes', better: 'less', compare: 'nothing' },
    ],
    chart: 'wireBytes',
    rows: [
      { ...wsRow('JSON', 'objects', 'the message with the names of its fields'), kind: 'reference' },
      wsRow('JSON', 'arrays', 'its number and its values'),
      wsRow('msgpackr', 'objects', 'as above; without records, which both sides would have to know'),
      wsRow('msgpackr', 'arrays', 'its number and its values'),
      ...(await ownRows({ case: direction })),
    ],
    goals: [],
  }
}
