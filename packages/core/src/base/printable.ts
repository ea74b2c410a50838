/**
 * What would break a line, steer a terminal, or show what follows in another order: the control characters C0 and C1, the separators of
 * lines and paragraphs, and the marks that set the direction of a text (UAX #9); surrogates that stand alone are no character.
 */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu

/** A text of a peer's as it may stand in a line for people: what is unprintable is written as `\u000a`. */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
