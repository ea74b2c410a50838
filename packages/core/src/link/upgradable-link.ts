import type { SegmentBatch } from '@millrace/buffer'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { LinkLayer } from '../ports/encryption.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'

/**
 * The one link that a carrier and its parts hold for good. A layer can be put into it while it is open: first `hold` keeps back what is
 * sent; `sealWith` lets it leave through the layer; `openWith` sends what comes in through it. Each change is at an exact byte, and those
 * who hold the link notice nothing.
 *
 * Owns the facts whether the link has ended or is gone, and why.
 */
export class UpgradableLink implements Link, LinkOwner {
  /** Whether the peer ended its direction, or nothing is left of the link. */
  state: 'open' | 'ended' | 'gone' = 'open'
  /** The error with which the link went, if it was one. */
  error: unknown
  /** The link of the transport, for a layer to be put over it. */
  readonly below: Link
  #owner!: LinkOwner
  #layer: LinkLayer | undefined
  #isOpening = false
  #isPaused = false
  /** What was sent and is kept back. */
  #held: SegmentBatch[] | undefined
  #heldBytes = 0
  /** Bytes of the owner's that the link below still has in clear; everything, while there is no layer. */
  #clearBytes = Number.POSITIVE_INFINITY
  /** Bytes that were sent past what is held. They are not the owner's. */
  #passedBytes = 0

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

  /** Whether what is sent is kept back. */
  get isHolding(): boolean {
    return this.#held !== undefined
  }

  /** Bytes that are kept back. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.below.start(this)
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#held === undefined) return (this.#layer ?? this.below).send(batch, report)
    this.#held.push(batch)
    this.#heldBytes += batch.size
    return 'waits'
  }

  end(): void {
    this.discardHeld()
    this.#inside.end()
  }

  destroy(): void {
    this.discardHeld()
    this.#inside.destroy()
  }

  describe(): string {
    return this.below.describe()
  }

  /** Who a layer in this link tells. */
  get above(): LinkOwner {
    return {
      received: (bytes, ownership) => this.#owner.received(bytes, ownership),
      sent: (size) => this.#owner.sent(size),
      ended: () => this.#ended(),
      gone: (error) => this.gone(error),
    }
  }

  #pause(): void {
    this.#isPaused = true
    this.#inside.pause?.()
  }

  #resume(): void {
    this.#isPaused = false
    this.#inside.resume?.()
  }

  /** Keeps back what is sent from now on. `inFlight`: the bytes of the owner's that the link has. */
  hold(inFlight: number): void {
    this.#held = []
    this.#clearBytes = inFlight
  }

  /** Sends a batch past everything that is held. */
  pass(batch: SegmentBatch): void {
    const { size } = batch
    if (this.below.send(batch, 'unless-left') === 'waits') this.#passedBytes += size
  }

  /** Everything that is sent leaves through this layer from now on, beginning with what was held. Only what follows `openWith` comes in through it. */
  sealWith(layer: LinkLayer): void {
    this.#layer = layer
    if (this.#isPaused) layer.pause?.()
    const held = this.#held ?? []
    this.#held = undefined
    this.#heldBytes = 0
    for (const batch of held) {
      const { size } = batch
      if (layer.send(batch, 'unless-left') === 'left') this.#owner.sent(size)
    }
  }

  /** Everything that comes in passes through the layer from now on, beginning with these bytes. */
  openWith(rest: readonly Uint8Array[]): void {
    this.#isOpening = true
    for (const bytes of rest) this.received(bytes, 'given')
  }

  /** Drops what is held: it can never leave. What is sent from now on leaves in clear, such as the last words. */
  discardHeld(): void {
    for (const batch of this.#held ?? []) batch.release()
    this.#held = undefined
    this.#heldBytes = 0
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.state === 'gone') return
    if (this.#isOpening) this.#layer?.received(bytes, ownership)
    else this.#owner.received(bytes, ownership)
  }

  sent(size: number): void {
    if (this.state === 'gone') return
    const clear = Math.min(size, this.#clearBytes)
    this.#clearBytes -= clear
    if (clear > 0) this.#owner.sent(clear)
    if (size === clear) return
    const passed = Math.min(size - clear, this.#passedBytes)
    this.#passedBytes -= passed
    if (size > clear + passed) this.#layer?.sent(size - clear - passed)
  }

  ended(): void {
    if (this.state === 'gone') return
    if (this.#isOpening) this.#layer?.ended()
    else this.#ended()
  }

  /** The layer may end the link before the platform tells. */
  gone(error?: unknown): void {
    if (this.state === 'gone') return
    this.state = 'gone'
    this.error = error
    this.discardHeld()
    this.#layer?.release()
    this.#owner.gone(error)
  }

  get #inside(): Link {
    return this.#layer ?? this.below
  }

  #ended(): void {
    if (this.state === 'open') this.state = 'ended'
    this.#owner.ended()
  }
}
