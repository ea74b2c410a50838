/**
 * What was wrong:
 * - `bad-number`: a packet number that was used before, or is no whole number below 2^48;
 * - `bad-option`: an option is out of its range;
 * - `full`: one packet more in flight than a connection remembers.
 */
export type DatagramErrorCode = 'bad-number' | 'bad-option' | 'full'

/** The one error this package throws on its own behalf, always for a mistake of its caller; `code` is for programs, `message` says what would be right. */
export class DatagramError extends Error {
  readonly code: DatagramErrorCode

  constructor(code: DatagramErrorCode, message: string) {
    super(message)
    this.name = 'DatagramError'
    this.code = code
  }
}
