const quote = 0x22
const apostrophe = 0x27
const backslash = 0x5c
const blanks: readonly number[] = [0, 9, 10, 13, 32]

const escapes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 }

/**
 * Splits a typed line into its words, by Redis's rules: blanks part words; in double quotes `\n`, `\x41` and
 * the like stand for bytes; in single quotes only `\'` does; behind a closing quote a blank must follow.
 */
export function splitInline(line: Uint8Array): Uint8Array[] | 'unbalanced' {
  const words: Uint8Array[] = []
  let at = 0
  for (;;) {
    while (at < line.length && blanks.includes(line[at])) at++
    if (at >= line.length) return words
    const word: number[] = []
    while (at < line.length && !blanks.includes(line[at])) {
      const byte = line[at++]
      if (byte !== quote && byte !== apostrophe) {
        word.push(byte)
        continue
      }
      at = readQuoted(line, at, byte, word)
      if (at < 0 || (at < line.length && !blanks.includes(line[at]))) return 'unbalanced'
    }
    words.push(Uint8Array.from(word))
  }
}

/** Adds what stands before the closing quote to `word`. Returns the position behind the quote, or -1 if there is none. */
function readQuoted(line: Uint8Array, start: number, mark: number, word: number[]): number {
  let at = start
  while (at < line.length) {
    const byte = line[at++]
    if (byte === mark) return at
    if (byte !== backslash || at >= line.length) {
      word.push(byte)
    } else if (mark === quote) {
      at = readEscape(line, at, word)
    } else if (line[at] === apostrophe) {
      word.push(line[at++])
    } else {
      word.push(byte)
    }
  }
  return -1
}

function readEscape(line: Uint8Array, at: number, word: number[]): number {
  const letter = String.fromCharCode(line[at])
  const digits = String.fromCharCode(line[at + 1] ?? 0, line[at + 2] ?? 0)
  if (letter === 'x' && /^[0-9a-f]{2}$/i.test(digits)) {
    word.push(Number.parseInt(digits, 16))
    return at + 3
  }
  word.push(escapes[letter] ?? line[at])
  return at + 1
}
