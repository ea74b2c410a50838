/**
 * What went wrong with a piece of memory.
 *
 * - `double-give`: a block or a batch was given back a second time.
 * - `foreign-block`: a block was given to a pool it did not come from.
 * - `use-after-release`: a block was touched after it had been given back (checks only).
 * - `stale-write`: memory was written to after it had been given back (checks only).
 * - `size-out-of-range`: a size, a position or an option lies outside what is possible.
 * - `checks-off`: a question that only a pool with `checks: 'on'` can answer.
 */
export type BufferErrorCode =
  | 'double-give'
  | 'foreign-block'
  | 'use-after-release'
  | 'stale-write'
  | 'size-out-of-range'
  | 'checks-off'

/** The one error of this package. The message names what was wrong and what would be right. */
export class BufferError extends Error {
  readonly code: BufferErrorCode

  constructor(code: BufferErrorCode, message: string) {
    super(message || code)
    this.name = 'BufferError'
    this.code = code
  }
}
