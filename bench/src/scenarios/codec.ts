import type { DataName, Variant } from '../codec-data.ts'
import type { Direction } from '../codec-measure.ts'
import { cppRow } from '../cpp-codec.ts'
import type { Case, Effort, Goal, OwnRows, Row, Scenario } from '../scenario.ts'
import { runAlone } from '../worker.ts'

/** Objects to bytes and back, without a network. */
export const codec: Scenario = {
  name: 'codec',
  title: 'objects to bytes and back',
  cases: async (_effort, ownRows) =>
    await Promise.all(Object.keys(codecCases).map((name) => caseOf(name, ownRows))),
}

/** What one case is about, and what the C++ library took for it on another day. */
export type CodecCase = {
  readonly data: DataName
  readonly direction: Direction
  readonly variant: Variant
  /** Nanoseconds for one object with bitsery 5.2.4, g++ 12.2 -O2, decoding into fresh objects; null where it was not measured. */
  readonly cppNs: number | null
}

/** Each case by its name. */
export const codecCases: Readonly<Record<string, CodecCase>> = {
  'move-encode': { data: 'move', direction: 'encode', variant: 'aligned', cppNs: 7.1 },
  'move-decode': { data: 'move', direction: 'decode', variant: 'aligned', cppNs: 14.9 },
  'monsters-encode': { data: 'monsters', direction: 'encode', variant: 'aligned', cppNs: 2221 },
  'monsters-decode': { data: 'monsters', direction: 'decode', variant: 'aligned', cppNs: 7301 },
  'move-packed-encode': { data: 'move', direction: 'encode', variant: 'packed', cppNs: null },
  'move-packed-decode': { data: 'move', direction: 'decode', variant: 'packed', cppNs: null },
  'monsters-packed-encode': { data: 'monsters', direction: 'encode', variant: 'packed', cppNs: 2800 },
  'monsters-packed-decode': { data: 'monsters', direction: 'decode', variant: 'packed', cppNs: 8146 },
  'monsters-growable-encode': { data: 'monsters', direction: 'encode', variant: 'growable', cppNs: 2178 },
  'monsters-growable-decode': { data: 'monsters', direction: 'decode', variant: 'growable', cppNs: 7465 },
}

/** How a codec row is run: a file in peers/ that calls `measureCodec`; it is told all but the kind and the note. */
export type CodecRow = Pick<Row, 'name' | 'kind' | 'note'> & {
  readonly file: string
  readonly data: DataName
  readonly direction: Direction
  readonly variant: Variant
}

/** A row with a worker that reports `nsPerObject`, `objectsPerSecond` and `bytesPerObject`. */
export function codecRow({ name, kind, note, file, data, direction, variant }: CodecRow): Row {
  const measure = async ({ warmupMs, measureMs: given }: Effort) => {
    // Half the window is enough where no second process takes part.
    const measureMs = given / 2
    const options = { warmupMs, measureMs, codec: name, data, direction, variant }
    return await runAlone({ kind: 'node', file }, options, warmupMs + measureMs + 15_000)
  }
  return { name, kind, measure, ...(note === undefined ? {} : { note }) }
}

/** What there is to say of each third-party codec; the first one is the reference. */
const peerNotes: Readonly<Record<string, string>> = {
  msgpackr: 'maps with their keys; native strings if loaded; floats in 64 bits, with which it encodes faster',
  'msgpackr records': 'its own extension: keys are sent once',
  '@msgpack/msgpack': 'reused encoder and decoder, floats in 32 bits',
  'protobuf-es': 'encodes messages that were made before the clock ran',
  avsc: 'encodes into a buffer that is there; reads out of the middle of one',
  flatbuffers:
    'one builder, cleared for each object; decode reads every field into a plain object, as the others do',
  JSON: 'to and from UTF-8 in a Buffer',
}

async function caseOf(name: string, ownRows: OwnRows): Promise<Case> {
  const given = codecCases[name]
  const own = await ownRows({ case: name })
  const cpp = cppRow(given)
  const peers = Object.entries(peerNotes).map(([peer, note]) => {
    const kind = peer === 'msgpackr' ? 'reference' : 'peer'
    return codecRow({ ...given, file: 'codec.ts', name: peer, kind, note })
  })
  return {
    name,
    title: titleOf(given),
    note: noteOf(given),
    metrics: [
      { key: 'objectsPerSecond', title: 'objects', unit: 'per second', better: 'more', compare: 'ratio' },
      { key: 'nsPerObject', title: 'time for one', unit: 'ns', better: 'less', compare: 'nothing' },
      { key: 'bytesPerObject', title: 'size', unit: 'bytes', better: 'less', compare: 'nothing' },
    ],
    chart: 'objectsPerSecond',
    rows: given.variant === 'aligned' ? [...peers, cpp, ...own] : [...own, cpp],
    goals: goalsOf(given, cpp.name),
  }
}

function titleOf({ data, direction, variant }: CodecCase): string {
  const sets: Readonly<Record<DataName, string>> = {
    move: 'a small message (four floats, three integers, a name)',
    monsters: 'an array of 50 monsters (nested, about 7 KB)',
  }
  const layouts: Readonly<Record<Variant, string>> = {
    aligned: '',
    packed: ', numbers bit-packed',
    growable: ', each one growable',
  }
  return `${direction === 'encode' ? 'Encode' : 'Decode'} ${sets[data]}${layouts[variant]}`
}

function noteOf({ variant, direction, cppNs }: CodecCase): string {
  const checks =
    variant === 'packed'
      ? 'every codec was checked to give objects back as near as its bits allow'
      : 'every codec was checked to give equal objects back'
  const lines = [`tinybench, one codec a process; ${checks}.`]
  if (cppNs !== null) {
    const time = cppNs < 1000 ? `${cppNs} ns` : `${(cppNs / 1000).toFixed(1)} µs`
    const how = direction === 'encode' ? 'into one reused vector' : 'into fresh objects'
    lines.push(
      `C++ took ${time} ${how} in another run, on a machine of the same kind (bitsery 5.2.4, g++ 12.2 -O2).`,
    )
  }
  return lines.join('\n')
}

function goalsOf({ direction, variant }: CodecCase, cpp: string): Goal[] {
  const shared = { metric: 'objectsPerSecond', bound: 'at least' } as const
  const nearCpp = { ...shared, against: cpp, ratio: 1 / 2 }
  if (variant === 'growable') return [{ ...nearCpp, row: 'bitsery-ts growable' }]
  if (variant === 'packed') {
    const row = 'bitsery-ts packed'
    return [
      { ...shared, row, against: 'bitsery-ts', ratio: 1 / 3 },
      { ...nearCpp, row },
    ]
  }
  const row = 'bitsery-ts'
  const ahead = Object.keys(peerNotes).map((against) => ({ ...shared, row, against, ratio: 1 }))
  ahead[0].ratio = direction === 'encode' ? 10 : 6
  return [...ahead, { ...nearCpp, row }]
}
