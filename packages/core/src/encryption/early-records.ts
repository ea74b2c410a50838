import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'
import type { RecordOpener } from '@millrace/cipher'
import { waitingSizeMax } from './link-handshake.ts'

/** What a peer sent that may be a recording: opened, and kept until it is known whether its sender may come in. */
export class EarlyRecords {
  readonly #opened: ReceiveBuffer
  /** So many bytes came. */
  #heard = 0

  constructor(pool: BlockPool) {
    this.#opened = new ReceiveBuffer(pool)
  }

  /** Bytes that were opened. */
  get size(): number {
    return this.#opened.size
  }

  /** Opens what comes. Returns what is wrong with it, or ''. */
  receive(opener: RecordOpener, bytes: Uint8Array, ownership: 'given' | 'lent'): string {
    this.#heard += bytes.length
    if (this.#heard > waitingSizeMax) return 'more than a handshake came before it was over'
    opener.receive(bytes, ownership)
    for (let plain = opener.next(); plain !== undefined; plain = opener.next()) this.#opened.append(plain)
    return opener.failure === undefined ? '' : `a record was refused: ${opener.failure}`
  }

  /** Hands over what was opened, and gives the memory back. */
  take(): Uint8Array {
    const { bytes, start, end } = this.#opened
    const plain = bytes.slice(start, end)
    this.release()
    return plain
  }

  /** Gives all memory back. */
  release(): void {
    this.#opened.release()
  }
}
