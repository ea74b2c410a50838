/**
 * The terminal, while the arena is shown: a screen of its own, without a cursor. `close` gives back what was there before,
 * however often it is called, and it is called at every end of the process.
 */
import { writeSync } from 'node:fs'
import { clip } from './ink.ts'

const alternateScreen = { on: '\x1b[?1049h', off: '\x1b[?1049l' }
const cursor = { show: '\x1b[?25h', hide: '\x1b[?25l' }
const wrapping = { on: '\x1b[?7h', off: '\x1b[?7l' }
/** Terminals that know it show a frame at once; others ignore it. */
const oneFrame = { begin: '\x1b[?2026h', end: '\x1b[?2026l' }
const clearToEndOfLine = '\x1b[K'
const clearBelow = '\x1b[J'

export class Screen {
  #isOpen = false

  get columns(): number {
    return process.stdout.columns || 80
  }

  get rows(): number {
    return process.stdout.rows || 24
  }

  open(): void {
    this.#isOpen = true
    process.on('exit', this.close)
    process.stdout.write(alternateScreen.on + cursor.hide + wrapping.off)
  }

  /** Shows lines from the top; what doesn't fit is cut. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    const { columns, rows } = this
    const shown = lines.slice(0, rows).map((line) => clip(line, columns))
    const text = shown.map((line, row) => `\x1b[${row + 1};1H${clearToEndOfLine}${line}`).join('')
    const rest = shown.length < rows ? `\x1b[${shown.length + 1};1H${clearBelow}` : ''
    process.stdout.write(oneFrame.begin + text + rest + oneFrame.end)
  }

  readonly close = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.close)
    try {
      writeSync(process.stdout.fd, oneFrame.end + wrapping.on + cursor.show + alternateScreen.off)
    } catch {
      // The terminal is gone: there is nothing to give back.
    }
  }
}
