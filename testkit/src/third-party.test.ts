import { describe, expect, it } from 'vitest'
import { admitRows } from './third-party-admit.ts'
import { channelRows, pipeRows } from './third-party-callbacks.ts'
import { driverRows } from './third-party-driver.ts'
import { knownToFail } from './third-party-known.ts'
import { logRows } from './third-party-log.ts'
import { platformRows, transportRows } from './third-party-ports.ts'
import { playRow, type ThirdPartyRow } from './third-party-row.ts'
import { codecRows, datagramRows, sessionRows } from './third-party-sessions.ts'

type Case = readonly [
  name: string,
  row: ThirdPartyRow,
  kind: ThirdPartyRow['kinds'][number],
  where: 'link' | 'local',
]

const rows = [
  ...channelRows,
  ...pipeRows,
  ...admitRows,
  ...driverRows,
  ...logRows,
  ...sessionRows,
  ...codecRows,
  ...datagramRows,
  ...transportRows,
  ...platformRows,
]
const cases = rows.flatMap((row) =>
  row.kinds.flatMap((kind) =>
    row.where.map((where): Case => [`${row.name} ${kind}, ${where}`, row, kind, where]),
  ),
)

describe('what a third party lends may fail, and only its own channel suffers', () => {
  const known = new Set(knownToFail)

  it.each(cases)('%s', async (name, row, kind, where) => {
    const broken = await playRow(row, kind, where)
    if (known.has(name)) expect(broken, `${name} is mended: take it from knownToFail`).not.toEqual([])
    else expect(broken).toEqual([])
  })

  it('has no row twice, and knows of none that there is not', () => {
    const names = cases.map(([name]) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(knownToFail.filter((name) => !names.includes(name))).toEqual([])
  })
})
