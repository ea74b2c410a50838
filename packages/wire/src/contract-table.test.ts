import { Random } from '@millrace/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ContractTable,
  compareContracts,
  contractTableRoom,
  contractTableSizeMax,
  readContractTable,
  writeContractTable,
} from './contract-table.ts'
import { frameCode, headerSizeMax } from './frame.ts'
import { varintSizeOf } from './varint.ts'

const print = (digit: string) => digit.repeat(16)

function table(
  version: number,
  ...entries: [key: string, fields: number, fingerprint?: string][]
): ContractTable {
  return {
    version,
    entries: entries.map(([key, fieldCount, fingerprint = fieldCount.toString(16).padStart(16, 'a')]) => {
      return { key, fieldCount, fingerprint }
    }),
  }
}

function written(value: ContractTable): DataView {
  const bytes = new Uint8Array(contractTableRoom(value))
  const end = writeContractTable({ bytes, view: new DataView(bytes.buffer) }, 0, value)
  return new DataView(bytes.buffer, 0, end)
}

function reread(value: ContractTable): ContractTable | undefined {
  const view = written(value)
  return readContractTable(view, bodyStartOf(view), view.byteLength)
}

function bodyStartOf(view: DataView): number {
  return 1 + varintSizeOf(view.getUint8(1))
}

describe('contract table', () => {
  it('comes back as it was written', () => {
    const entry = fc.record({
      key: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      fieldCount: fc.integer({ min: 0, max: 0xffff }),
      fingerprint: fc
        .bigInt({ min: 0n, max: 2n ** 64n - 1n })
        .map((value) => value.toString(16).padStart(16, '0')),
    })
    const value = fc.record({
      version: fc.integer({ min: 0, max: 0xffffffff }),
      entries: fc.array(entry, { maxLength: 30 }),
    })
    fc.assert(
      fc.property(value, (wanted) => {
        expect(written(wanted).getUint8(0)).toBe(frameCode.contract)
        expect(reread(wanted)).toEqual(wanted)
      }),
      { seed: 41, numRuns: 200 },
    )
  })

  it('leaves out what is beyond its limit, and stays readable', () => {
    const entries = Array.from({ length: 16_000 }, (_, index) => {
      return { key: `message-${index}`, fieldCount: index & 7, fingerprint: print('b') }
    })
    const view = written({ version: 1, entries })
    expect(view.byteLength).toBeLessThanOrEqual(headerSizeMax + contractTableSizeMax)
    const back = readContractTable(view, bodyStartOf(view), view.byteLength)
    expect(back?.entries.length).toBeGreaterThan(2000)
    expect(back?.entries).toEqual(entries.slice(0, back?.entries.length))
  })

  it('refuses every shorter length', () => {
    const view = written(table(2, ['move', 3], ['chat', 1]))
    for (let end = bodyStartOf(view); end < view.byteLength; end++) {
      const cut = new DataView(view.buffer.slice(0, end))
      expect(readContractTable(cut, bodyStartOf(view), end), `${end}`).toBeUndefined()
    }
  })

  it('never throws on garbage, and believes no count', () => {
    const random = new Random(9)
    for (let count = 0; count < 1000; count++) {
      const bytes = random.bytes(random.integer(0, 80))
      const back = readContractTable(new DataView(bytes.buffer), 0, bytes.length)
      expect(back === undefined || back.entries.length <= bytes.length / 11).toBe(true)
    }
  })
})

describe('compareContracts', () => {
  const mine = table(0, ['move', 3], ['chat', 2], ['jump', 1])

  it('names what changed, what is missing on either side, and who is older', () => {
    const theirs = table(0, ['move', 4], ['chat', 2], ['fly', 1], ['jump', 1])
    expect(compareContracts(mine, theirs)).toEqual({
      changed: ['move'],
      mineOnly: [],
      theirsOnly: ['fly'],
      isReordered: false,
      older: 'mine',
    })
    expect(compareContracts(theirs, mine)).toEqual({
      changed: ['move'],
      mineOnly: ['fly'],
      theirsOnly: [],
      isReordered: false,
      older: 'theirs',
    })
  })

  it('sees another order', () => {
    const theirs = table(0, ['chat', 2], ['move', 3], ['jump', 1])
    expect(compareContracts(mine, theirs)).toMatchObject({ changed: [], isReordered: true, older: 'unknown' })
  })

  it.each([
    ['fewer fields', table(0, ['move', 2], ['chat', 2], ['jump', 1]), 'theirs'],
    ['more fields', table(0, ['move', 9], ['chat', 2], ['jump', 1]), 'mine'],
    ['fewer messages', table(0, ['move', 3], ['chat', 2]), 'theirs'],
    ['more messages', table(0, ['move', 3], ['chat', 2], ['jump', 1], ['fly', 1]), 'mine'],
    ['something of both', table(0, ['move', 2], ['chat', 2], ['jump', 1], ['fly', 1]), 'unknown'],
    [
      'as many fields of another kind',
      table(0, ['move', 3, print('c')], ['chat', 2], ['jump', 1]),
      'unknown',
    ],
    ['a higher version, though it has fewer fields', table(1, ['move', 2], ['chat', 2]), 'mine'],
  ] as const)('takes a peer with %s to be the one it is', (_what, theirs, older) => {
    expect(compareContracts(mine, theirs).older).toBe(older)
    const mirrored = { mine: 'theirs', theirs: 'mine', unknown: 'unknown' }[older]
    expect(compareContracts(theirs, mine).older).toBe(mirrored)
  })

  it('lets versions decide before fields', () => {
    const old = table(4, ['move', 9], ['chat', 9], ['jump', 9], ['fly', 9])
    const fresh = table(5, ['move', 1])
    expect(compareContracts(old, fresh).older).toBe('mine')
    expect(compareContracts(fresh, old).older).toBe('theirs')
  })
})
