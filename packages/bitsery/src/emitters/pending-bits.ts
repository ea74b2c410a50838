/** Bits of a writer in the making that are known where they go but not stored yet. */
interface Piece {
  /** An integer without bits above its width: a local or a constant. */
  readonly value: string
  readonly width: number
  /** The place of its first bit, counted from the first pending bit; negative when the first ones are stored. */
  offset: number
}

/**
 * Puts bit fields together as text: pieces of known width are gathered and stored 32 bits at a time, so that ten small fields take one
 * store and not ten. Knows expressions and nothing else.
 */
export class PendingBits {
  #pieces: Piece[] = []
  #count = 0

  /** How many bits are pending. */
  get count(): number {
    return this.#count
  }

  /** Appends the bits of an expression: `width` at most 32. */
  add(value: string, width: number): void {
    if (width > 0 && value !== '0') this.#pieces.push({ value, width, offset: this.#count })
    this.#count += width
  }

  /** The expression of the first 32 bits (or of all, if they are fewer). */
  get first(): string {
    const terms = this.#pieces
      .filter(({ offset }) => offset < 32)
      .map(({ value, offset }) => {
        if (offset === 0) return value
        return offset > 0 ? `${value} << ${offset}` : `${value} >>> ${-offset}`
      })
    return terms.length === 0 ? '0' : terms.join(' | ')
  }

  /** Forgets the first bits, which are stored. */
  drop(count: number): void {
    this.#count -= count
    for (const piece of this.#pieces) piece.offset -= count
    this.#pieces = this.#pieces.filter(({ offset, width }) => offset + width > 0)
  }
}
