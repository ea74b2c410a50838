import type { LinkOwner } from '../ports/transport.ts'
import { EncryptionUpgrade, type EncryptionUpgradeOwner } from './encryption-upgrade.ts'

/** A carrier, as the gate before it sees it. */
export type UpgradableLinkOwner = LinkOwner & EncryptionUpgradeOwner

/** Stands between a link and its carrier: what comes goes straight through, until the channel begins to encrypt. */
export class UpgradableLink implements LinkOwner {
  readonly #owner: UpgradableLinkOwner
  #encryption: EncryptionUpgrade | undefined
  #isGone = false

  constructor(owner: UpgradableLinkOwner) {
    this.#owner = owner
  }

  /** What encrypts an open channel; made when somebody asks for it. */
  get encryption(): EncryptionUpgrade {
    if (this.#encryption !== undefined) return this.#encryption
    this.#encryption = new EncryptionUpgrade(this.#owner, {
      received: (bytes, ownership) => this.#owner.received(bytes, ownership),
      sent: (size) => this.#owner.sent(size),
      ended: () => this.#owner.ended(),
      gone: (error) => this.gone(error),
    })
    // A step that was read when the link was gone already begins nothing.
    if (this.#isGone) this.#encryption.end()
    return this.#encryption
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.#encryption?.isOpening) this.#encryption.received(bytes, ownership)
    else this.#owner.received(bytes, ownership)
  }

  sent(size: number): void {
    if (this.#encryption?.isSealing) this.#encryption.sent(size)
    else this.#owner.sent(size)
  }

  ended(): void {
    if (this.#encryption?.isOpening) this.#encryption.ended()
    else this.#owner.ended()
  }

  /** The cipher may end the link before the platform tells. */
  gone(error?: unknown): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#encryption?.end()
    this.#owner.gone(error)
  }
}
