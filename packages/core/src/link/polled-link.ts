import type { SegmentBatch } from '@millrace/buffer'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'
import type { Deadline } from '../turn/deadline.ts'
import type { Turns } from '../turn/turns.ts'

/** How often a link is asked while bytes wait in it, in milliseconds. */
const pollMs = 10

/** A link that tells when bytes have left: this one, or, if it only says how many wait (`buffered`), one over it that asks. */
export function tellingLink(link: Link, turns: Turns): Link {
  return link.buffered === undefined ? link : new PolledLink(link, () => link.buffered?.() ?? 0, turns)
}

/** Tells of bytes that left a link which has no event for it: asks in the pipe's turns while any wait. */
class PolledLink implements Link, LinkOwner {
  readonly pause?: () => void
  readonly resume?: () => void
  readonly #link: Link
  readonly #buffered: () => number
  readonly #poll: Deadline
  #owner: LinkOwner | undefined
  /** Bytes that the owner was not told of yet. */
  #waiting = 0

  constructor(link: Link, buffered: () => number, turns: Turns) {
    this.#link = link
    this.#buffered = buffered
    this.#poll = turns.deadline({ due: () => this.#look() })
    if (link.pause !== undefined) this.pause = () => link.pause?.()
    if (link.resume !== undefined) this.resume = () => link.resume?.()
  }

  get peerAddress(): string | undefined {
    return this.#link.peerAddress
  }

  get storedBytes(): number | undefined {
    return this.#link.storedBytes
  }

  get encryption(): ChannelEncryption | undefined {
    return this.#link.encryption
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#link.start(this)
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    const { size } = batch
    if (this.#link.send(batch, report) === 'left') return 'left'
    this.#waiting += size
    if (!this.#poll.isSet) this.#poll.setIn(pollMs)
    return 'waits'
  }

  end(): void {
    this.#link.end()
  }

  destroy(): void {
    this.#link.destroy()
  }

  describe(): string {
    return this.#link.describe()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    this.#owner?.received(bytes, ownership)
  }

  /** A link with `buffered` has no such event. */
  sent(): void {}

  stored(): void {
    this.#owner?.stored?.()
  }

  ended(): void {
    this.#owner?.ended()
  }

  gone(error?: unknown): void {
    this.#poll.cancel()
    this.#owner?.gone(error)
  }

  #look(): void {
    const left = this.#waiting - this.#buffered()
    if (left > 0) {
      this.#waiting -= left
      this.#owner?.sent(left)
    }
    if (this.#waiting > 0) this.#poll.setIn(pollMs)
  }
}
