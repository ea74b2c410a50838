import { deepStrictEqual } from 'node:assert'
import { encode, MsgpackReader } from '../src/index.ts'
import { Random } from './random.ts'

/** What a run met: how many inputs were read, and how often each code refused one. */
export interface MutationReport {
  readonly read: number
  readonly refused: Readonly<Record<string, number>>
}

const SAMPLES: readonly unknown[] = [
  { type: 'move', id: 123_456, x: 12.5, y: -3.25, tags: ['a', 'bb', null, true] },
  [[[[1, [2, [3, { a: { b: { c: [] } } }]]]]], -1, -129, 65_536, 2 ** 40, 2n ** 63n],
  { text: 'Кириллица 🍺 ひらがな', bytes: new Uint8Array([1, 2, 3]), at: new Date(1_514_862_245_678) },
  Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`player-${index}`, { hp: index * 1.1 }])),
  'x'.repeat(300),
]

/** Bytes that open something: containers, sizes, extensions, and what must not pass. */
const HEADS = [
  0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xd4, 0xd6, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x91, 0x81, 0xa9, 0xff,
]

/**
 * Reads `runs` mutated messages and checks each time: nothing is thrown, the position lies inside, a refusal has a code
 * and no value, and what was accepted comes back the same after it was written again. Throws at the first violation,
 * naming seed, run and bytes.
 */
export function runMutations({
  runs,
  seed,
}: {
  readonly runs: number
  readonly seed: number
}): MutationReport {
  const random = new Random(seed)
  const reader = new MsgpackReader()
  const mapReader = new MsgpackReader({ maps: 'map' })
  const corpus = SAMPLES.map(encode)
  const refused: Record<string, number> = {}
  let read = 0
  for (let run = 0; run < runs; run++) {
    const bytes = mutate(corpus, random)
    try {
      const code = check(reader, bytes)
      checkMaps(mapReader, bytes)
      if (code === '') read++
      else refused[code] = (refused[code] ?? 0) + 1
    } catch (cause) {
      const hex = Buffer.from(bytes).toString('hex')
      throw new Error(`seed ${seed}, run ${run}, bytes ${hex}`, { cause })
    }
  }
  return { read, refused }
}

function check(reader: MsgpackReader, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const value = reader.read(bytes, view, 0, bytes.length)
  if (!(reader.position >= 0 && reader.position <= bytes.length))
    throw new Error(`position ${reader.position}`)
  if (reader.error !== '') {
    if (value !== undefined || reader.errorText() === '')
      throw new Error('a refusal with a value or without a text')
    return reader.error
  }
  const again = encode(value)
  const view2 = new DataView(again.buffer, again.byteOffset, again.length)
  const value2 = reader.read(again, view2, 0, again.length)
  deepStrictEqual(value2, value)
  deepStrictEqual(encode(value2), again)
  return reader.error
}

/** With `maps: 'map'` the same promises hold, but for writing again. */
function checkMaps(reader: MsgpackReader, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const value = reader.read(bytes, view, 0, bytes.length)
  if (!(reader.position >= 0 && reader.position <= bytes.length))
    throw new Error(`maps: position ${reader.position}`)
  if (reader.error !== '' && (value !== undefined || reader.errorText() === ''))
    throw new Error('maps: a refusal with a value or without a text')
}

function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const bytes = Uint8Array.from(corpus[random.below(corpus.length)])
  const times = 1 + random.below(4)
  let end = bytes.length
  for (let time = 0; time < times; time++) {
    const at = random.below(bytes.length)
    switch (random.below(6)) {
      case 0:
        bytes[at] = random.below(256)
        break
      case 1:
        bytes[at] ^= 1 << random.below(8)
        break
      case 2:
        bytes[at] = HEADS[random.below(HEADS.length)]
        break
      case 3:
        end = 1 + random.below(end)
        break
      case 4:
        bytes.copyWithin(at, random.below(bytes.length), bytes.length)
        break
      default:
        bytes.fill(random.below(256), at, at + random.below(5))
    }
  }
  return bytes.subarray(0, end)
}
