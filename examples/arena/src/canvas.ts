/** A picture of dots, two across and four down in each character, by braille. Knows no terminal. */
import type { Ink, Paint } from './ink.ts'

/** What shows where several things share a character: the later one in this list. */
const order: readonly Ink[] = ['plain', 'wall', 'pellet', 'runner', 'hunter']

const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
]

export class Canvas {
  readonly #columns: number
  readonly #rows: number
  readonly #dots: Uint8Array
  readonly #inks: Uint8Array
  readonly #marks = new Map<number, string>()

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = rows
    this.#dots = new Uint8Array(columns * rows)
    this.#inks = new Uint8Array(columns * rows)
  }

  /** Sets a dot. `x` and `y` run from 0 to 1, whatever the size of the picture. */
  dot(x: number, y: number, ink: Ink): void {
    const across = place(x, this.#columns * 2)
    const down = place(y, this.#rows * 4)
    const cell = (down >> 2) * this.#columns + (across >> 1)
    this.#dots[cell] |= dotBits[down & 3][across & 1]
    this.#ink(cell, ink)
  }

  /** Sets two dots by two, which are easier to see. */
  spot(x: number, y: number, ink: Ink): void {
    const stepX = 1 / (this.#columns * 2)
    const stepY = 1 / (this.#rows * 4)
    this.fill(x - stepX / 2, y - stepY / 2, x + stepX * 1.5, y + stepY * 1.5, ink)
  }

  /** Puts a character instead of dots. */
  mark(x: number, y: number, character: string, ink: Ink): void {
    const cell = place(y, this.#rows) * this.#columns + place(x, this.#columns)
    this.#marks.set(cell, character)
    this.#ink(cell, ink)
  }

  /** Fills a box with dots. */
  fill(left: number, top: number, right: number, bottom: number, ink: Ink): void {
    const stepX = 1 / (this.#columns * 2)
    const stepY = 1 / (this.#rows * 4)
    for (let y = top + stepY / 2; y < bottom; y += stepY) {
      for (let x = left + stepX / 2; x < right; x += stepX) this.dot(x, y, ink)
    }
  }

  /** The picture, line by line. */
  lines(paint: Paint): string[] {
    return Array.from({ length: this.#rows }, (_, row) => this.#line(row * this.#columns, paint))
  }

  #line(start: number, paint: Paint): string {
    let line = ''
    let run = ''
    let ink = 0
    for (let cell = start; cell < start + this.#columns; cell++) {
      if (this.#inks[cell] !== ink) {
        line += run === '' ? '' : paint(order[ink], run)
        run = ''
        ink = this.#inks[cell]
      }
      run += this.#marks.get(cell) ?? character(this.#dots[cell])
    }
    return line + paint(order[ink], run)
  }

  #ink(cell: number, ink: Ink): void {
    this.#inks[cell] = Math.max(this.#inks[cell], order.indexOf(ink))
  }
}

function character(dots: number): string {
  return dots === 0 ? ' ' : String.fromCharCode(0x2800 + dots)
}

function place(part: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor(part * count)))
}
