/**
 * One block of memory out of a pool. The taker owns it until it is given back; after that neither
 * `bytes` nor `view` nor anything cut from them may be touched.
 */
export interface Block {
  /** The whole block: its length is the power of two the pool chose, or the exact size above `sizeMax`. */
  readonly bytes: Uint8Array
  /** The same memory for multi-byte values. */
  readonly view: DataView
}

/** The memory behind a block as the pool keeps it. Without checks this object is the block handed out. */
export class PooledBlock implements Block {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The pool it belongs to, compared by identity only. */
  readonly owner: object
  /** Index of its size class; -1 for memory above the largest class. */
  readonly classIndex: number
  isLive = true

  constructor(bytes: Uint8Array, owner: object, classIndex: number) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.owner = owner
    this.classIndex = classIndex
  }
}
