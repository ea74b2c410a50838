/** Where to write: `view` shows the same memory as `bytes`. */
export interface MsgpackTarget {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** A target of so many bytes. */
export function targetOf(size: number): MsgpackTarget {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer) }
}
