import type { DataName } from '../codec-data.ts'
import type { Direction } from '../codec-measure.ts'
import type { Case, Effort, OwnRows, Row, Scenario } from '../scenario.ts'
import { runAlone } from '../worker.ts'

/** Objects to bytes and back, without a network. */
export const codec: Scenario = {
  name: 'codec',
  title: 'objects to bytes and back',
  cases: async (_effort, ownRows) =>
    await Promise.all(Object.keys(codecCases).map((name) => caseOf(name, ownRows))),
}

/** The set and the direction of each case by the name of the case. */
export const codecCases: Readonly<
  Record<string, { readonly data: DataName; readonly direction: Direction }>
> = {
  'move-encode': { data: 'move', direction: 'encode' },
  'move-decode': { data: 'move', direction: 'decode' },
  'monsters-encode': { data: 'monsters', direction: 'encode' },
  'monsters-decode': { data: 'monsters', direction: 'decode' },
}

/** How a codec row is run: a file in peers/ that calls `measureCodec`; it is told `codec`, `data` and `direction`. */
export type CodecRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly file: string
  readonly data: DataName
  readonly direction: Direction
}

/** A row whose worker reports `nsPerObject`, `objectsPerSecond` and `bytesPerObject`. */
export function codecRow({ name, kind, note, file, data, direction }: CodecRow): Row {
  const measure = async ({ warmupMs, measureMs: given }: Effort) => {
    // Half the window is enough where no second process takes part.
    const measureMs = given / 2
    const options = { warmupMs, measureMs, codec: name, data, direction }
    return await runAlone({ kind: 'node', file }, options, warmupMs + measureMs + 15_000)
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

const titles: Readonly<Record<DataName, string>> = {
  move: 'a small message (four floats, three integers, a name)',
  monsters: 'an array of 50 monsters (nested, about 7 KB)',
}

async function caseOf(name: string, ownRows: OwnRows): Promise<Case> {
  const { data, direction } = codecCases[name]
  const shared = { file: 'codec.ts', data, direction }
  const peers: Row[] = [
    codecRow({
      ...shared,
      name: 'msgpackr',
      kind: 'reference',
      note: 'maps with their keys; native strings if loaded',
    }),
    codecRow({
      ...shared,
      name: 'msgpackr records',
      kind: 'peer',
      note: 'its own extension: keys are sent once',
    }),
    codecRow({ ...shared, name: '@msgpack/msgpack', kind: 'peer', note: 'reused encoder and decoder' }),
    codecRow({ ...shared, name: 'JSON', kind: 'peer', note: 'to and from UTF-8 in a Buffer' }),
  ]
  const ratio = direction === 'encode' ? 10 : 6
  return {
    name,
    title: `${direction === 'encode' ? 'Encode' : 'Decode'} ${titles[data]}`,
    note: 'tinybench, one codec a process; every codec was checked to give equal objects back.',
    metrics: [
      { key: 'objectsPerSecond', title: 'objects', unit: 'per second', better: 'more', compare: 'ratio' },
      { key: 'nsPerObject', title: 'time for one', unit: 'ns', better: 'less', compare: 'nothing' },
      { key: 'bytesPerObject', title: 'size', unit: 'bytes', better: 'less', compare: 'nothing' },
    ],
    chart: 'objectsPerSecond',
    rows: [...peers, ...(await ownRows({ case: name }))],
    goals: [{ row: 'bitsery-ts', against: 'msgpackr', metric: 'objectsPerSecond', bound: 'at least', ratio }],
  }
}
