import type { ReadErrorCode } from '../base/errors.ts'

/** Where `schema.write` puts bytes. `view` must lie over exactly the same memory as `bytes`. */
export interface Target {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** No ids. */
export const NO_IDS: readonly number[] = Object.freeze([])

/**
 * Bytes to read from, with the results of the last read beside them, so that a read allocates nothing but
 * the value. Borrows `bytes`; nothing that was read points into them.
 */
export class Source {
  bytes: Uint8Array
  view: DataView
  /** Where the last read stopped: behind the value, or where the first error was noticed. */
  position = 0
  /** What went wrong in the last read, or `''`. With an error, the value returned means nothing. */
  error: ReadErrorCode | '' = ''
  /** Ids that observers (pointers) of the last value with pointers have and no object: C++ leaves those null. */
  unresolved: readonly number[] = NO_IDS

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Points this source to other bytes. Costs a `DataView`: for many messages keep one source over their buffer. */
  set(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = 0
    this.error = ''
  }
}

/** A target over these bytes, which it borrows. */
export function targetOf(bytes: Uint8Array): Target {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}
