import { formatQuantity, formatRatio } from './quantity.ts'
import type { CaseResult, GoalResult, Metric, RowResult } from './scenario.ts'

/** A case as lines of text: title, one line a row with figures and ratios, the rows that did not run, the goals. */
export function formatCase(result: CaseResult): string {
  const { metrics, title, note } = result.case
  const measured = result.rows.filter((row) => row.outcome === 'measured')
  const reference = result.rows[0]
  const heads = ['', ...metrics.flatMap((metric) => headsOf(metric, reference?.name ?? ''))]
  const body = measured.map((row) => [
    row.name,
    ...metrics.flatMap((metric) => cellsOf(metric, row, reference)),
  ])
  const lines = [title, note, '', ...alignColumns([heads, ...body])]
  for (const row of result.rows) {
    if (row.outcome !== 'measured') lines.push(`${row.name}  ${row.outcome}: ${row.why}`)
  }
  const notes = measured.filter((row) => row.note !== '')
  if (notes.length > 0) lines.push('', ...notes.map((row) => `${row.name}: ${row.note}`))
  if (result.goals.length > 0) lines.push('')
  lines.push(...result.goals.map((goal) => formatGoal(goal, metrics)))
  return lines.join('\n')
}

function formatGoal(goal: GoalResult, metrics: readonly Metric[]): string {
  const { row, metric: key, bound, seen, verdict } = goal
  if (!('value' in goal))
    return `${row} ÷ ${goal.against}: ${formatRatio(seen)} (goal ${bound} ${formatRatio(goal.ratio)}) ${verdict}`
  const { title, unit } = metrics.find((metric) => metric.key === key)!
  const [figure, wanted] = [seen, goal.value].map((value) => formatQuantity(value, unit))
  return `${row}, ${title}: ${figure} (goal ${bound} ${wanted}) ${verdict}`
}

/** Pads cells so that the first column starts and all others end at the same place; a rule stands below the first line. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  )
  const lines = rows.map((row) =>
    widths
      .map((width, index) => {
        const cell = row[index] ?? ''
        return index === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return lines.length === 0 ? [] : [lines[0], rule, ...lines.slice(1)]
}

function headsOf(metric: Metric, reference: string): string[] {
  if (metric.compare === 'nothing') return [metric.title]
  const own = [metric.title, '(min – max)']
  if (metric.compare === 'ratio') own.push(`÷ ${reference}`)
  if (metric.compare === 'difference') own.push(`above ${reference}`)
  return own
}

function cellsOf(
  metric: Metric,
  row: RowResult & { outcome: 'measured' },
  reference: RowResult | undefined,
): string[] {
  const { value, ratio } = row.figures[metric.key]
  const figure = formatQuantity(value.median, metric.unit)
  if (metric.compare === 'nothing') return [figure]
  const cells = [
    figure,
    `(${formatQuantity(value.min, metric.unit)} – ${formatQuantity(value.max, metric.unit)})`,
  ]
  if (metric.compare === 'ratio') cells.push(ratio === null ? '–' : formatRatio(ratio.median))
  if (metric.compare === 'difference') {
    const base = reference?.outcome === 'measured' ? reference.figures[metric.key].value.median : Number.NaN
    cells.push(Number.isNaN(base) ? '–' : formatQuantity(value.median - base, metric.unit))
  }
  return cells
}
