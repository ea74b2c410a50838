import { formatQuantity, formatRatio } from './quantity.ts'
import type { CaseResult, RowResult } from './scenario.ts'

/**
 * Colours that read on white and on GitHub's dark page alike. A colour scheme query is left out on purpose: it asks the
 * operating system, and the page that embeds the picture may have chosen otherwise.
 */
export const chartColors = {
  text: '#707a85',
  reference: '#8b949e',
  peer: '#5b8dd6',
  millrace: '#d9822b',
  axis: '#8b949e',
} as const

const width = 760
const labelWidth = 190
const figureWidth = 190
const rowHeight = 30
const barHeight = 18
const headHeight = 58
const font = 'font-family="ui-sans-serif, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'

/** One bar a row with its min–max whisker and its ratio to the first row, as a stand-alone SVG document. */
export function drawChart(result: CaseResult): string {
  const metric = result.case.metrics.find(({ key }) => key === result.case.chart)
  if (metric === undefined) throw new RangeError(`chart names the unknown metric ${result.case.chart}`)
  const barWidthMax = width - labelWidth - figureWidth
  const greatest = Math.max(
    ...result.rows.map((row) => (row.outcome === 'measured' ? row.figures[metric.key].value.max : 0)),
    Number.MIN_VALUE,
  )
  const height = headHeight + result.rows.length * rowHeight + 14
  const direction = metric.better === 'more' ? 'longer is better' : 'shorter is better'
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(result.case.title)}">`,
    `<g ${font} fill="${chartColors.text}" font-size="13">`,
    `<text x="12" y="24" font-size="16" font-weight="600">${escapeXml(result.case.title)}</text>`,
    `<text x="12" y="43" font-size="12">${escapeXml(`${metric.title}, ${direction}`)}</text>`,
  ]
  result.rows.forEach((row, index) => {
    const top = headHeight + index * rowHeight
    parts.push(...drawRow(row, top, (value) => (Math.max(0, value) / greatest) * barWidthMax))
  })
  const bottom = headHeight + result.rows.length * rowHeight
  parts.push(
    `<line x1="${labelWidth}" y1="${headHeight - 4}" x2="${labelWidth}" y2="${bottom}" stroke="${chartColors.axis}"/>`,
    '</g>',
    '</svg>',
    '',
  )
  return parts.join('\n')

  function drawRow(row: RowResult, top: number, lengthOf: (value: number) => number): string[] {
    const baseline = top + rowHeight / 2 + 4
    const weight = row.kind === 'millrace' ? ' font-weight="600"' : ''
    const label = `<text x="${labelWidth - 10}" y="${baseline}" text-anchor="end"${weight}>${escapeXml(row.name)}</text>`
    if (row.outcome !== 'measured' || metric === undefined) {
      const why = `<text x="${labelWidth + 10}" y="${baseline}" font-style="italic">${row.outcome}</text>`
      return [label, why]
    }
    const { value, ratio } = row.figures[metric.key]
    const barTop = top + (rowHeight - barHeight) / 2
    const middle = top + rowHeight / 2
    const end = labelWidth + Math.max(1, lengthOf(value.median))
    const from = labelWidth + lengthOf(value.min)
    const to = labelWidth + lengthOf(value.max)
    const figure =
      formatQuantity(value.median, metric.unit) + (ratio === null ? '' : ` · ${formatRatio(ratio.median)}`)
    return [
      label,
      `<rect x="${labelWidth}" y="${barTop}" width="${fixed(end - labelWidth)}" height="${barHeight}" rx="3" fill="${chartColors[row.kind]}"/>`,
      `<path d="M${fixed(from)} ${middle}H${fixed(to)}M${fixed(from)} ${middle - 4}v8M${fixed(to)} ${middle - 4}v8" stroke="${chartColors.text}" fill="none"/>`,
      `<text x="${fixed(Math.max(end, to) + 8)}" y="${baseline}"${weight}>${escapeXml(figure)}</text>`,
    ]
  }
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

function fixed(value: number): string {
  return value.toFixed(1)
}
