import { describe, expect, it } from 'vitest'
import type { CaseResult } from './scenario.ts'
import { alignColumns, formatCase } from './table.ts'

const one = { median: 1, min: 1, max: 1 }

const result: CaseResult = {
  scenario: 'test',
  case: {
    name: 'one',
    title: 'Title',
    note: 'Note',
    metrics: [
      { key: 'speed', title: 'speed', unit: 'per second', better: 'more', compare: 'ratio' },
      { key: 'memory', title: 'memory', unit: 'bytes', better: 'less', compare: 'difference' },
    ],
    chart: 'speed',
  },
  rows: [
    {
      name: 'raw',
      kind: 'reference',
      note: '',
      outcome: 'measured',
      rounds: [],
      figures: {
        speed: { value: { median: 1000, min: 900, max: 1100 }, ratio: one },
        memory: { value: { median: 2000, min: 2000, max: 2000 }, ratio: one },
      },
    },
    {
      name: 'ours',
      kind: 'millrace',
      note: 'typed objects',
      outcome: 'measured',
      rounds: [],
      figures: {
        speed: { value: { median: 2500, min: 2000, max: 3000 }, ratio: { median: 2.5, min: 2, max: 3 } },
        memory: { value: { median: 5000, min: 5000, max: 5000 }, ratio: { median: 2.5, min: 2, max: 3 } },
      },
    },
    { name: 'absent', kind: 'peer', note: '', outcome: 'not run', why: 'no compiler' },
  ],
  goals: [
    {
      row: 'ours',
      against: 'raw',
      metric: 'speed',
      bound: 'at least',
      ratio: 4,
      seen: 2.5,
      verdict: 'not reached',
    },
    { row: 'ours', metric: 'memory', bound: 'at most', value: 6000, seen: 5000, verdict: 'reached' },
  ],
}

describe('alignColumns', () => {
  it('starts the first column together and ends the others together', () => {
    expect(
      alignColumns([
        ['', 'speed'],
        ['ours', '1'],
      ]),
    ).toEqual(['      speed', '────  ─────', 'ours      1'])
  })

  it('gives nothing for nothing', () => {
    expect(alignColumns([])).toEqual([])
  })
})

describe('formatCase', () => {
  const text = formatCase(result)

  it('shows ratios and differences to the first row', () => {
    const line = text.split('\n').find((candidate) => candidate.startsWith('ours '))
    expect(line).toMatch(/2\.50 k\/s +\(2\.00 k\/s – 3\.00 k\/s\) +2\.50× +5\.00 KB .* 3\.00 KB$/)
  })

  it('says what did not run, the notes and the goals', () => {
    expect(text).toContain('absent  not run: no compiler')
    expect(text).toContain('ours: typed objects')
    expect(text).toContain('ours ÷ raw: 2.50× (goal at least 4.00×) not reached')
    expect(text).toContain('ours, memory: 5.00 KB (goal at most 6.00 KB) reached')
  })
})
