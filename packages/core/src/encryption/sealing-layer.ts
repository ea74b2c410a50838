import type { SegmentBatch } from '@millrace/buffer'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { ChannelLayer, LinkLayer, LinkToEncrypt } from '../ports/encryption.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'

/**
 * What stands in the link of an open channel that begins to encrypt: first it keeps back what is sent; `sealWith` lets that leave through a
 * sealed link; `openWith` sends what comes in through it. Each change is at an exact byte.
 */
export class SealingLayer implements ChannelLayer {
  readonly #link: LinkToEncrypt
  readonly #below: Link
  readonly #above: LinkOwner
  #sealed: LinkLayer | undefined
  #isOpening = false
  /** What was sent and is kept back. */
  #held: SegmentBatch[] | undefined = []
  #heldBytes = 0
  /** Bytes of the owner's that the link below still has in clear. */
  #clearBytes: number
  /** Bytes that were sent past what is held. They are not the owner's. */
  #passedBytes = 0

  /** `inFlight`: the bytes of the owner's that the link has. */
  constructor(link: LinkToEncrypt, inFlight: number) {
    this.#link = link
    this.#below = link.below
    this.#above = link.above
    this.#clearBytes = inFlight
  }

  get encryption(): ChannelEncryption | undefined {
    return this.#sealed?.encryption
  }

  get isHolding(): boolean {
    return this.#held !== undefined
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get storedBytes(): number {
    return this.#sealed?.storedBytes ?? 0
  }

  lossWith(writtenBytes: number): CloseReason | undefined {
    const size = this.isHolding ? this.#heldBytes + writtenBytes : 0
    if (size === 0) return undefined
    const what = `the channel ended before it was encrypted: what was sent since, ${size} bytes, is lost`
    return { code: 'encryption-failed', what }
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#held === undefined) return this.#inside().send(batch, report)
    this.#held.push(batch)
    this.#heldBytes += batch.size
    return 'waits'
  }

  pass(batch: SegmentBatch): void {
    const { size } = batch
    this.#link.clearOut += size
    if (this.#below.send(batch, 'unless-left') === 'waits') this.#passedBytes += size
  }

  /** Everything that is sent leaves through this link from now on, beginning with what was held. Only what follows `openWith` comes in through it. */
  sealWith(sealed: LinkLayer): void {
    this.#sealed = sealed
    if (this.#link.isPaused) sealed.pause?.()
    const held = this.#held ?? []
    this.#held = undefined
    this.#heldBytes = 0
    for (const batch of held) {
      const { size } = batch
      if (sealed.send(batch, 'unless-left') === 'left') this.#above.sent(size)
    }
  }

  /** Everything that comes in passes through the sealed link from now on, beginning with these bytes. */
  openWith(rest: readonly Uint8Array[]): void {
    this.#isOpening = true
    for (const bytes of rest) {
      if (this.#link.state !== 'gone') this.received(bytes, 'given')
    }
  }

  discardHeld(): void {
    for (const batch of this.#held ?? []) batch.release()
    this.#held = undefined
    this.#heldBytes = 0
  }

  pause(): void {
    this.#inside().pause?.()
  }

  resume(): void {
    this.#inside().resume?.()
  }

  end(): void {
    this.#inside().end()
  }

  destroy(): void {
    this.#inside().destroy()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.#isOpening) return this.#sealed?.received(bytes, ownership)
    this.#link.clearIn += bytes.length
    this.#above.received(bytes, ownership)
  }

  sent(size: number): void {
    const clear = Math.min(size, this.#clearBytes)
    this.#clearBytes -= clear
    if (clear > 0) this.#above.sent(clear)
    if (size === clear) return
    const passed = Math.min(size - clear, this.#passedBytes)
    this.#passedBytes -= passed
    if (size > clear + passed) this.#sealed?.sent(size - clear - passed)
  }

  ended(): void {
    if (this.#isOpening) this.#sealed?.ended()
    else this.#above.ended()
  }

  release(): void {
    this.discardHeld()
    this.#sealed?.release()
  }

  #inside(): Link {
    return this.#sealed ?? this.#below
  }
}
