/** How the figures are shown. */
import { type CipherFigures, recordSize } from './ciphers.ts'
import type { Effort, RowFigures } from './comparison.ts'

/** The table of the processes, line by line. `text` says what is in a message. */
export function comparisonLines(
  { transport, size, seconds, rounds }: Effort,
  rows: readonly RowFigures[],
  text: string,
): string[] {
  const cells = rows.map((row) => [
    row.algorithm,
    row.algorithm === 'plain' ? '-' : row.sender,
    row.algorithm === 'plain' ? '-' : row.receiver,
    whole.format(row.messagesPerSecond),
    `${(row.share * 100).toFixed(1)} %`,
    significant(row.megabytesPerSecond),
    precise.format(row.senderMicrosecondsPerMessage),
    precise.format(row.receiverMicrosecondsPerMessage),
    significant(row.p50Ms * 1000),
    significant(row.p99Ms * 1000),
    whole.format(row.handshakesPerSecond),
  ])
  return [
    `Encryption: ${transport}, two processes a row, medians of ${rounds} rounds of ${seconds} s a row`,
    `Messages of ${whole.format(size)} bytes: ${text}`,
    '',
    ...aligned(
      3,
      [
        ['', 1],
        ['back end', 2],
        ['', 1],
        ['of', 1],
        ['', 1],
        ['CPU, µs/message', 2],
        ['round trip, µs', 2],
      ],
      [
        [
          '',
          'sender',
          'receiver',
          'messages/s',
          'plain',
          'MB/s',
          'sender',
          'receiver',
          'p50',
          'p99',
          'handshakes/s',
        ],
        ...cells,
      ],
    ),
  ]
}

/** The table of the ciphers alone. */
export function cipherLines(rows: readonly CipherFigures[], sameBytes: 'yes' | 'no'): string[] {
  const cells = rows.map((row) => [
    row.algorithm,
    row.backEnd,
    significant(row.sealMicroseconds),
    significant(row.openMicroseconds),
    significant(row.sealMegabytesPerSecond),
    significant(row.openMegabytesPerSecond),
    whole.format(row.handshakesPerSecond),
  ])
  return [
    `The ciphers alone: one process, no socket, records of ${whole.format(recordSize)} bytes, handshakes with both sides' work`,
    '',
    ...aligned(
      2,
      [
        ['', 1],
        ['', 1],
        ['µs/record', 2],
        ['MB/s', 2],
      ],
      [['', 'back end', 'seal', 'open', 'seal', 'open', 'handshakes/s'], ...cells],
    ),
    '',
    `Do both back ends make the same bytes of the same keys, in all pairings? ${sameBytes}`,
  ]
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

function significant(value: number): string {
  return value >= 1000 ? whole.format(value) : precise.format(value)
}

const gap = '   '
const widthMin = 6

/**
 * Columns of texts: the first ones, which hold words, to the left, figures to the right. `groups` are headings above one or more
 * columns; none is wider than what it stands above.
 */
function aligned(
  wordColumns: number,
  groups: readonly (readonly [text: string, columns: number])[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = rows[0].map((_, column) => Math.max(widthMin, ...rows.map((row) => row[column].length)))
  const pad = (text: string, width: number, column: number) =>
    column < wordColumns ? text.padEnd(width) : text.padStart(width)
  let column = 0
  const headings = groups.map(([text, columns]) => {
    const from = column
    column += columns
    const width = widths.slice(from, column).reduce((sum, one) => sum + one + gap.length, -gap.length)
    return pad(text, width, from)
  })
  const lines = rows.map((row) => row.map((cell, at) => pad(cell, widths[at], at)))
  return [headings, ...lines].map((cells) => `  ${cells.join(gap)}`.trimEnd())
}
