import type { ContractTable, FrameTarget } from '@millrace/wire'
import type { KeyTable } from '../base/key-table.ts'

/** What `decode` returns when the bytes are no such message. The same in all copies of this package. */
export const undecodable: unique symbol = Symbol.for('millrace.undecodable')

/** Bytes to read: both are views of the same memory. */
export interface ByteSource {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * Turns message bodies into bytes and back. Millrace's frames, hello and heartbeat come from `framed(codec)`; a codec
 * knows nothing of them. All calls stand on the way of every message: they make no garbage of their own.
 */
export interface Codec<Messages extends object = object> {
  /** What it is, as the hello tells the peer: at most 255 bytes. Both sides must name the same. */
  readonly name: string
  readonly keys: KeyTable
  /** What must be equal on both sides, and what to say about it if it isn't. Undefined: nothing. */
  readonly contract?: { readonly fingerprint: string; readonly table: ContractTable }
  /**
   * An upper bound, in bytes, of what `encode` will write for this body; may throw like `encode`. `encode` follows at once,
   * with the same body, so a codec that can only find out by encoding may keep what it made.
   */
  sizeBound(number: number, body: unknown): number
  /**
   * The size that every body of this number has, in bytes, or -1 if sizes differ. Both sides must say the same: such a message travels
   * without its size. Asked once a number.
   */
  fixedSize(number: number): number
  /** Writes a body at `start` and returns its end. Throws a typed error for a body that is none. */
  encode(number: number, body: unknown, target: FrameTarget, start: number): number
  /**
   * Reads the body in `[start, end)`, or returns `undecodable`. Never throws, whatever the bytes are. `number` comes from
   * the peer: for a closed table it may be any, for an open one it is -1 when the key is unknown here.
   */
  decode(number: number, source: ByteSource, start: number, end: number): unknown
  /**
   * For a codec that remembers what it read, to read it faster next time: one for each channel, that no other peer can spoil. It has the
   * same name, keys, contract and sizes. Left out: all channels share this one.
   */
  forChannel?(): Codec<Messages>
  /** What was wrong with the last bytes that were `undecodable`. */
  decodeError(): string
  /** The number under which the reply to a request is encoded. */
  replyNumber(number: number): number
  /** Never set. */
  readonly messages?: Messages
}
