/** What this needs of the emitter of a reader. */
interface SizeSource {
  readonly isLittle: boolean
  readonly end: string
  readonly giveUp: string
  name(): string
  line(text: string): void
  giveUpIf(condition: string): void
  take(size: number): string
  settle(): void
  block(head: string, body: () => void): void
  bits(width: number): string
}

/** A size prefix of at most `max` at a whole byte: a local with the count. Ends the run. */
export function sizeFromBytes(source: SizeSource, max: number): string {
  const count = source.name()
  source.line(`let ${count} = bytes[${source.take(1)}]`)
  // The run's check is already written before the line above; `p` moves behind the first byte.
  source.settle()
  if (max < 0x80) {
    // Longer spellings of small counts are legal and never seen: left to the reference.
    source.giveUpIf(`${count} > ${max}`)
    return count
  }
  const { end, giveUp } = source
  const low = `${count} = (${count} & 127) << 8 | bytes[p++]`
  const wide = `${count} = ((${count} & 63) << 8 | bytes[p]) << 16 | view.getUint16(p + 1, ${source.isLittle}); p += 3`
  source.line(`if (${count} > 127) {`)
  source.line(`if (${count} < 192) { if (${end} - p < 1) ${giveUp}; ${low} }`)
  source.line(`else { if (${end} - p < 3) ${giveUp}; ${wide} }`)
  source.giveUpIf(`${count} > ${max}`)
  source.line('}')
  return count
}

/** The same behind a part of a byte. */
export function sizeFromBits(source: SizeSource, max: number): string {
  const count = source.name()
  const first = source.bits(8)
  source.line(`let ${count} = ${first}`)
  if (max < 0x80) {
    source.giveUpIf(`${count} > ${max}`)
    return count
  }
  source.block(`if (${count} > 127)`, () => {
    // So many elements behind a part of a byte are rare: left to the reference.
    source.giveUpIf(`${count} > 191`)
    const second = source.bits(8)
    source.line(`${count} = (${count} & 127) << 8 | ${second}`)
    source.giveUpIf(`${count} > ${max}`)
  })
  return count
}
