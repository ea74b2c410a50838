import type { SegmentBatch } from '@millrace/buffer'
import { type CipherPair, DatagramRecords, type TokenRefusal } from '@millrace/cipher'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { EncryptionFailure } from '../base/encryption-failure.ts'
import type { SealOptions, TurnClock } from '../ports/sealing.ts'
import type { Link, LinkOwner, PacketSealing, PacketSealingOwner } from '../ports/transport.ts'
import { LinkHandshake } from './link-handshake.ts'

/**
 * A link of packets that is encrypted: it begins with a handshake, in which nothing of the owner's leaves; then the link below seals each of its packets
 * with the keys of that. What is forged or repeated is dropped by the link and changes nothing; only a handshake that fails ends it.
 */
export class SealedPackets implements Link, LinkOwner, PacketSealingOwner {
  readonly #link: Link
  readonly #turns: TurnClock
  readonly #suite: string
  readonly #role: 'initiator' | 'responder'
  readonly #sealing: PacketSealing
  /** Until it is over, and the peer was let in. */
  #handshake: LinkHandshake | undefined
  #owner!: LinkOwner
  #state: 'handshake' | 'proving' | 'asking' | 'sealed' | 'over' = 'handshake'
  #encryption: ChannelEncryption | undefined
  /** What the owner sent before anything could be sealed. */
  #held: SegmentBatch[] = []
  #isPaused = false
  /** The owner was told that it is gone. */
  #isGone = false
  readonly pause?: () => void
  readonly resume?: () => void

  constructor(link: Link, options: SealOptions) {
    const { plan, pool, turns } = options
    this.#link = link
    this.#turns = turns
    this.#suite = plan.suite
    this.#role = plan.handshake.role
    this.#sealing = link.sealing!(this)
    if (link.pause !== undefined) this.pause = () => this.#pause()
    if (link.resume !== undefined) this.resume = () => this.#resume()
    this.#handshake = new LinkHandshake(
      {
        say: (bytes) => this.#sealing.say(bytes),
        agreed: (pair, rest) => this.#agreed(pair, rest),
        admitted: () => this.#begin(),
        refused: (what, token) => this.#fail(what, token),
      },
      options,
      pool,
    )
  }

  get encryption(): ChannelEncryption | undefined {
    return this.#encryption
  }

  get peerAddress(): string | undefined {
    return this.#link.peerAddress
  }

  /** As the link below has been told already. */
  get speaks(): Link['speaks'] {
    return this.#link.speaks
  }

  get budgetBytes(): number | undefined {
    return this.#state === 'sealed' ? this.#link.budgetBytes : 0
  }

  get network(): Link['network'] {
    return this.#link.network
  }

  get storedBytes(): number {
    return (this.#handshake?.stored ?? 0) + (this.#link.storedBytes ?? 0)
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#link.start(this)
    this.#handshake?.start()
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#state === 'sealed') return this.#link.send(batch, report)
    if (this.#state === 'over') {
      batch.release()
      return 'left'
    }
    this.#held.push(batch)
    return 'waits'
  }

  end(): void {
    // What was held can't be said any more.
    if (this.#state !== 'sealed') this.#over()
    this.#link.end()
  }

  destroy(): void {
    this.#link.destroy()
  }

  describe(): string {
    return this.#link.describe()
  }

  heard(bytes: Uint8Array): void {
    if (this.#state === 'handshake' || this.#state === 'asking') this.#handshake?.received(bytes)
    this.#owner.stored?.()
  }

  /** Only a peer that has the keys can have sealed a packet: it is no recording. */
  proven(): void {
    if (this.#state !== 'proving') return
    this.#state = 'asking'
    this.#handshake?.ask()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    this.#owner.received(bytes, ownership)
  }

  sent(size: number): void {
    this.#owner.sent(size)
  }

  stored(): void {
    this.#owner.stored?.()
  }

  /** Only the peer could say so, once it was sealed. */
  ended(): void {
    if (!this.#isGone) this.#owner.ended()
  }

  gone(error?: unknown): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#over()
    this.#owner.gone(error)
  }

  #pause(): void {
    this.#isPaused = true
    this.#link.pause?.()
  }

  #resume(): void {
    this.#isPaused = false
    if (this.#state === 'sealed') this.#link.resume?.()
  }

  #agreed(pair: CipherPair, rest: Uint8Array): void {
    if (rest.length > 0) return this.#fail('more than a handshake came before it was over')
    const { remoteStatic, handshakeHash } = pair
    this.#encryption = {
      suite: this.#suite,
      peerKey: remoteStatic,
      handshakeHash,
      ...this.#handshake?.proven,
    }
    const { ownId, peerId } = this.#sealing
    const records = new DatagramRecords(pair, { role: this.#role, ownId, peerId }, this.#turns.now)
    if (this.#handshake?.mustAsk) {
      this.#state = 'proving'
      // What it says is kept by the link until it is let in.
      this.#link.pause?.()
      this.#sealing.seal(records)
      return
    }
    this.#sealing.seal(records)
    this.#begin()
  }

  /** The peer may go on: what both sides have said meanwhile passes. */
  #begin(): void {
    this.#handshake?.end()
    this.#handshake = undefined
    const wasAsking = this.#state !== 'handshake'
    this.#state = 'sealed'
    for (const batch of this.#held.splice(0)) {
      const { size } = batch
      if (this.#link.send(batch, 'unless-left') === 'left') this.#owner.sent(size)
    }
    if (wasAsking && !this.#isPaused) this.#link.resume?.()
  }

  #fail(what: string, token?: TokenRefusal): void {
    if (this.#state === 'over') return
    this.#link.destroy()
    this.gone(new EncryptionFailure('refused', what, token))
  }

  #over(): void {
    this.#state = 'over'
    this.#handshake?.end()
    this.#handshake = undefined
    for (const batch of this.#held.splice(0)) batch.release()
  }
}
