import { describe, expect, it } from 'vitest'
import { chartColors, drawChart } from './chart.ts'
import type { CaseResult } from './scenario.ts'

const speed = { key: 'speed', title: 'speed', unit: 'per second', better: 'more', compare: 'ratio' } as const

const result: CaseResult = {
  scenario: 'test',
  case: { name: 'one', title: 'A < B & "C"', note: '', metrics: [speed], chart: 'speed' },
  rows: [
    measured('net', 'reference', 200),
    measured('<ours>', 'millrace', 100),
    { name: 'absent', kind: 'peer', note: '', outcome: 'not run', why: 'no compiler' },
  ],
  goals: [],
}

function measured(name: string, kind: 'reference' | 'millrace', median: number): CaseResult['rows'][number] {
  const value = { median, min: median, max: median }
  const ratio = { median: median / 200, min: 0.5, max: 1 }
  return { name, kind, note: '', outcome: 'measured', rounds: [], figures: { speed: { value, ratio } } }
}

describe('drawChart', () => {
  const svg = drawChart(result)

  it('is well-formed: every tag is closed in order and all text is escaped', () => {
    const open: string[] = []
    const rest = svg.replace(
      /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
      (_, slash, tag, __, self) => {
        if (slash === '/') expect(open.pop()).toBe(tag)
        else if (self !== '/') open.push(tag)
        return ''
      },
    )
    expect(open).toEqual([])
    expect(rest).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/)
    expect(svg).toContain('A &lt; B &amp; &quot;C&quot;')
  })

  it('draws bars in proportion and names what did not run', () => {
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]))
    expect(widths).toHaveLength(2)
    expect(widths[0] / widths[1]).toBeCloseTo(2, 1)
    expect(svg).toContain('>not run</text>')
    expect(svg).toContain('100 /s · 0.500×')
  })

  it('survives a figure of zero everywhere', () => {
    const svgOfZero = drawChart({ ...result, rows: [measured('net', 'reference', 0)] })
    expect(svgOfZero).not.toMatch(/NaN|Infinity/)
  })

  it('refuses a chart of an unknown metric', () => {
    expect(() => drawChart({ ...result, case: { ...result.case, chart: 'size' } })).toThrow(
      'unknown metric size',
    )
  })
})

describe('chartColors', () => {
  it('has text that reads on a white page and on a dark one', () => {
    for (const page of ['#ffffff', '#0d1117']) {
      expect(contrast(chartColors.text, page)).toBeGreaterThan(4)
      for (const color of [chartColors.reference, chartColors.peer, chartColors.millrace]) {
        expect(contrast(color, page)).toBeGreaterThan(2.5)
      }
    }
  })
})

/** The contrast ratio of WCAG 2. */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
