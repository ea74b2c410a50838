import { describe, expect, it } from 'vitest'
import { bitseryCodec, checkBitsery } from './bitsery-codec.ts'
import { checkCodec } from './codec.ts'
import { type DataName, loadData } from './codec-data.ts'
import { peerCodec, peerNames } from './codecs.ts'
import { parseOptions } from './options.ts'
import { codec as scenario } from './scenarios/codec.ts'

const { effort } = parseOptions(['--quick'])
const sets: readonly DataName[] = ['move', 'monsters']

describe('codecs of others', () => {
  for (const set of sets) {
    it.each(peerNames)(`%s gives every object of ${set} back`, async (name) => {
      const [codec, data] = await Promise.all([peerCodec(name, set), loadData(set)])
      expect(() => checkCodec(codec, data, set)).not.toThrow()
    })
  }

  it('are all measured, and bitsery-ts is to be ahead of each', async () => {
    const cases = await scenario.cases(effort, async () => [])
    const aligned = cases.filter(({ rows }) => rows.length > 1)
    expect(aligned.map(({ name }) => name)).toEqual([
      'move-encode',
      'move-decode',
      'monsters-encode',
      'monsters-decode',
    ])
    for (const { rows, goals } of aligned) {
      expect(rows.slice(0, -1).map(({ name }) => name)).toEqual(peerNames)
      expect(goals.map((goal) => 'against' in goal && goal.against)).toEqual([...peerNames, 'bitsery C++'])
    }
  })
})

describe('bitsery-ts', () => {
  it.each([
    ['move', 'aligned'],
    ['move', 'packed'],
    ['monsters', 'aligned'],
    ['monsters', 'packed'],
    ['monsters', 'growable'],
  ] as const)('writes the bytes of the C++ library: %s %s', async (set, variant) => {
    const data = await loadData(set)
    for (const door of ['memory', 'simple'] as const) {
      const codec = await bitseryCodec(set, door, variant)
      expect(() => checkBitsery(codec, data, set, variant)).not.toThrow()
    }
  })

  it('is not measured when a byte differs from C++, or a layout has no bytes to compare', async () => {
    const data = await loadData('move')
    const codec = await bitseryCodec('move', 'memory', 'packed')
    const packed = (data.bitsery.packed ?? []).map((bytes) => Uint8Array.from(bytes))
    packed[63][24] ^= 1
    const changed = { ...data, bitsery: { packed } }
    expect(() => checkBitsery(codec, changed, 'move', 'packed')).toThrow('object 63 has other bytes')
    expect(() => checkBitsery(codec, changed, 'move', 'growable')).toThrow('no bytes of growable move')
  })
})
