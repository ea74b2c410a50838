import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'
import { type Case, NotRun, type Row, runCase } from './scenario.ts'

const { effort } = parseOptions(['--rounds', '3'])

function caseOf(rows: readonly Row[], goals: Case['goals'] = []): Case {
  return {
    name: 'one',
    title: 'One',
    note: '',
    metrics: [{ key: 'speed', title: 'speed', unit: 'per second', better: 'more', compare: 'ratio' }],
    chart: 'speed',
    rows,
    goals,
  }
}

function rowOf(name: string, speeds: readonly number[], order: string[] = []): Row {
  let round = 0
  const measure = async () => {
    order.push(name)
    return { speed: speeds[round++ % speeds.length] }
  }
  return { name, kind: 'peer', measure }
}

describe('runCase', () => {
  it('measures the rows by turns', async () => {
    const order: string[] = []
    await runCase('test', caseOf([rowOf('a', [1], order), rowOf('b', [1], order)]), effort, () => undefined)
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('compares rounds, so that a machine that slows down changes no ratio', async () => {
    const given = caseOf([rowOf('a', [100, 50, 10]), rowOf('b', [300, 150, 30])])
    const { rows } = await runCase('test', given, effort, () => undefined)
    expect(rows[1]).toMatchObject({
      outcome: 'measured',
      figures: { speed: { value: { median: 150, min: 30, max: 300 }, ratio: { median: 3, min: 3, max: 3 } } },
    })
  })

  it('says why a row was not run, runs it once, and goes on', async () => {
    let calls = 0
    const absent: Row = {
      name: 'absent',
      kind: 'peer',
      measure: async () => {
        calls++
        throw new NotRun('no compiler')
      },
    }
    const { rows } = await runCase('test', caseOf([rowOf('a', [1]), absent]), effort, () => undefined)
    expect(rows[1]).toMatchObject({ outcome: 'not run', why: 'no compiler' })
    expect(rows[0]).toMatchObject({ outcome: 'measured' })
    expect(calls).toBe(1)
  })

  it('takes a missing figure for a failure', async () => {
    const empty: Row = { name: 'empty', kind: 'peer', measure: async () => ({}) }
    const { rows } = await runCase('test', caseOf([empty]), effort, () => undefined)
    expect(rows[0]).toMatchObject({ outcome: 'failed' })
  })

  it('judges goals between rows that were measured', async () => {
    const goal = { against: 'a', metric: 'speed', bound: 'at least', ratio: 3 } as const
    const goals = [
      { ...goal, row: 'b' },
      { ...goal, row: 'c' },
      { ...goal, row: 'nobody' },
    ]
    const rows = [rowOf('a', [10]), rowOf('b', [30]), rowOf('c', [29])]
    const result = await runCase('test', caseOf(rows, goals), effort, () => undefined)
    expect(result.goals.map(({ row, verdict }) => [row, verdict])).toEqual([
      ['b', 'reached'],
      ['c', 'not reached'],
    ])
  })

  it('judges goals for the figure of one row', async () => {
    const goal = { metric: 'speed', bound: 'at most', value: 29 } as const
    const goals = [
      { ...goal, row: 'a' },
      { ...goal, row: 'b' },
      { ...goal, row: 'nobody' },
    ]
    const rows = [rowOf('a', [29]), rowOf('b', [30])]
    const result = await runCase('test', caseOf(rows, goals), effort, () => undefined)
    expect(result.goals.map(({ row, seen, verdict }) => [row, seen, verdict])).toEqual([
      ['a', 29, 'reached'],
      ['b', 30, 'not reached'],
    ])
  })
})
