import type { SegmentBatch } from '@millrace/buffer'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { ChannelLayer, LinkToEncrypt } from '../ports/encryption.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'

/**
 * The one link that a carrier and its parts hold for good. A layer can be put into it while it is open, from which on everything passes
 * through that; those who hold the link notice nothing.
 *
 * Owns the facts whether the link has ended or is gone, and why.
 */
export class UpgradableLink implements Link, LinkOwner, LinkToEncrypt {
  /** Whether the peer ended its direction, or nothing is left of the link. */
  state: 'open' | 'ended' | 'gone' = 'open'
  /** The error with which the link went, if it was one. */
  error: unknown
  readonly below: Link
  isPaused = false
  #owner!: LinkOwner
  #layer: ChannelLayer | undefined
  clearOut = 0
  clearIn = 0

  constructor(below: Link) {
    this.below = below
  }

  /** As the link of the transport has it, or not; so is the next. */
  get pause(): (() => void) | undefined {
    return this.below.pause === undefined ? undefined : this.#pause
  }

  get resume(): (() => void) | undefined {
    return this.below.resume === undefined ? undefined : this.#resume
  }

  get encryption(): ChannelEncryption | undefined {
    return this.#layer?.encryption ?? this.below.encryption
  }

  get peerAddress(): string | undefined {
    return this.below.peerAddress
  }

  get budgetBytes(): number | undefined {
    return this.isHolding ? 0 : this.below.budgetBytes
  }

  get network(): Link['network'] {
    return this.below.network
  }

  /** Whether what is sent is kept back. */
  get isHolding(): boolean {
    return this.#layer?.isHolding === true
  }

  /** Bytes that are kept back. */
  get heldBytes(): number {
    return this.#layer?.heldBytes ?? 0
  }

  /** Bytes that came and can't be handed on yet: those of a record that has not ended. */
  get storedBytes(): number {
    return (this.#layer ?? this.below).storedBytes ?? 0
  }

  /** The reason of an end that loses what is kept back, and so many bytes that were written behind that; undefined if nothing is lost. */
  lossWith(writtenBytes: number): CloseReason | undefined {
    return this.#layer?.lossWith(writtenBytes)
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.below.start(this)
  }

  putLayer(layer: ChannelLayer): void {
    this.#layer = layer
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#layer !== undefined) return this.#layer.send(batch, report)
    this.clearOut += batch.size
    return this.below.send(batch, report)
  }

  /** Sends a batch past everything that is kept back. */
  pass(batch: SegmentBatch): void {
    this.#layer?.pass(batch)
  }

  end(): void {
    this.discardHeld()
    this.#inside().end()
  }

  destroy(): void {
    this.discardHeld()
    this.#inside().destroy()
  }

  describe(): string {
    return this.below.describe()
  }

  /** Whom a layer tells. */
  get above(): LinkOwner {
    return {
      received: (bytes, ownership) => this.#owner.received(bytes, ownership),
      sent: (size) => this.#owner.sent(size),
      ended: () => this.#ended(),
      gone: (error) => this.gone(error),
      stored: () => this.stored(),
    }
  }

  #pause(): void {
    this.isPaused = true
    this.#inside().pause?.()
  }

  #resume(): void {
    this.isPaused = false
    this.#inside().resume?.()
  }

  /** Drops what is kept back: it can never leave. What is sent from now on leaves in clear, such as the last words. */
  discardHeld(): void {
    this.#layer?.discardHeld()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.state === 'gone') return
    if (this.#layer !== undefined) return this.#layer.received(bytes, ownership)
    this.clearIn += bytes.length
    this.#owner.received(bytes, ownership)
  }

  stored(): void {
    this.#owner.stored?.()
  }

  sent(size: number): void {
    if (this.state !== 'gone') (this.#layer ?? this.#owner).sent(size)
  }

  ended(): void {
    if (this.state === 'gone') return
    if (this.#layer === undefined) this.#ended()
    else this.#layer.ended()
  }

  /** The layer may end the link before the platform tells. */
  gone(error?: unknown): void {
    if (this.state === 'gone') return
    this.state = 'gone'
    this.error = error
    this.#layer?.release()
    this.#owner.gone(error)
  }

  #inside(): Link | ChannelLayer {
    return this.#layer ?? this.below
  }

  #ended(): void {
    if (this.state === 'open') this.state = 'ended'
    this.#owner.ended()
  }
}
