/** Why an encrypted link ended. */
export class EncryptionFailure extends Error {
  /** `cut`: the link ended, and the peer had not said that it would. `refused`: something was wrong with what it sent, or who it is. */
  readonly kind: 'cut' | 'refused'

  constructor(kind: 'cut' | 'refused', what: string, cause?: unknown) {
    super(what, cause === undefined ? {} : { cause })
    this.name = 'EncryptionFailure'
    this.kind = kind
  }
}
