import type { TokenRefusal } from '@millrace/cipher'
import { sharedByCopies } from './copies.ts'

/** Why an encrypted link ended. No Error: its stack would cost more than the rest of the end, and end in the same place each time. */
export class EncryptionFailure {
  static {
    sharedByCopies(EncryptionFailure, 'EncryptionFailure')
  }

  /** `cut`: the link ended, and the peer had not said that it would. `refused`: something was wrong with what it sent, or who it is. */
  readonly kind: 'cut' | 'refused'
  readonly what: string
  /** Why the connect token of the peer was refused, if it was. */
  declare readonly tokenRefusal?: TokenRefusal

  constructor(kind: 'cut' | 'refused', what: string, tokenRefusal?: TokenRefusal) {
    this.kind = kind
    this.what = what
    if (tokenRefusal !== undefined) this.tokenRefusal = tokenRefusal
  }
}
