import { readVarint, varintSizeOf } from '@millrace/wire'
import { noBytes, noView } from '../base/no-bytes.ts'
import { readU48, u48Size } from '../base/u48.ts'

/** Reads the numbers of a part one after the other, and never behind the end of its packet. */
export class PartCursor {
  /** Where the next number begins. Read only. */
  at = 0
  /** A number was cut by the end of the packet: that one, and all after it, were read as 0. */
  isCut = false
  /** What the last piece said: bytes of the whole frame, where the piece belongs, and how many bytes it has; they begin at `at`. */
  total = 0
  offset = 0
  size = 0
  #bytes: Uint8Array = noBytes
  #view: DataView = noView
  #end = 0

  /** Begins a part of a packet that ends at `end`. */
  begin(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    this.#bytes = bytes
    this.#view = view
    this.at = at
    this.#end = end
    this.isCut = false
  }

  u8(): number {
    return this.#has(1) ? this.#bytes[this.at++] : 0
  }

  u16(): number {
    if (!this.#has(2)) return 0
    this.at += 2
    return this.#view.getUint16(this.at - 2, true)
  }

  u48(): number {
    if (!this.#has(u48Size)) return 0
    this.at += u48Size
    return readU48(this.#view, this.at - u48Size)
  }

  varint(): number {
    if (!this.#has(1) || !this.#has(varintSizeOf(this.#bytes[this.at]))) return 0
    const { at } = this
    this.at += varintSizeOf(this.#bytes[at])
    return readVarint(this.#bytes, at)
  }

  /** Reads a piece up to its bytes. Returns '', or what is wrong with it. */
  piece(totalMax: number): string {
    this.total = this.varint()
    this.offset = this.varint()
    this.size = this.varint()
    const { total, offset, size } = this
    if (this.isCut || !this.#has(size)) return 'a piece is cut by the end of its packet'
    if (size === 0) return 'a piece has no bytes'
    if (total > totalMax) return `pieces are of a frame of ${total} bytes, above the limit of ${totalMax}`
    if (offset + size > total) return `a piece ends at ${offset + size}, its frame at ${total}`
    return ''
  }

  #has(size: number): boolean {
    if (!this.isCut && this.at + size <= this.#end) return true
    this.isCut = true
    return false
  }
}
