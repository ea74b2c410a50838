import type { LinkToEncrypt } from '../ports/encryption.ts'
import type { StreamSession } from '../ports/protocol.ts'

/** Bytes of a count. */
const countSize = 8

/** The parts of a channel that know what went in clear. */
export interface ClearPhaseOwner {
  readonly link: LinkToEncrypt
  readonly session: StreamSession
  readonly conversation: { readonly openData: Uint8Array }
}

/**
 * What went in clear before a channel begins to encrypt. Each side tells the other in its message of the handshake, which only a holder of the
 * key can write: how many bytes it had sent, and what the hellos had agreed on. So a meddler that put something in, took something out or
 * changed a hello is found. What it changed without changing its size is not: nothing in clear is hashed.
 */
export class ClearPhase {
  readonly #owner: ClearPhaseOwner

  constructor(owner: ClearPhaseOwner) {
    this.#owner = owner
  }

  /** What this side says of its own bytes, before the frame that carries it. */
  claim(): Uint8Array {
    const agreed = this.#agreed
    const claim = new Uint8Array(countSize + agreed.length)
    new DataView(claim.buffer).setBigUint64(0, BigInt(this.#owner.link.clearOut), true)
    claim.set(agreed, countSize)
    return claim
  }

  /** Bytes of the peer that came before the frame which is being read. */
  heardBefore(frameSize: number): number {
    const { link, session } = this.#owner
    return link.clearIn - session.clearPhase!().unread - frameSize
  }

  /** What contradicts the claim of the peer, in words; nothing, if it is right. */
  faultOf(claim: Uint8Array, heard: number): string {
    if (claim.length < countSize) return 'the peer does not say what it sent in clear'
    const sent = new DataView(claim.buffer, claim.byteOffset).getBigUint64(0, true)
    if (sent !== BigInt(heard))
      return `what went in clear was changed on the way: the peer sent ${sent} bytes, and ${heard} came`
    const agreed = this.#agreed
    const isEqual =
      claim.length === countSize + agreed.length && agreed.every((byte, at) => byte === claim[countSize + at])
    return isEqual ? '' : 'the hellos were changed on the way'
  }

  get #agreed(): Uint8Array {
    const { session, conversation } = this.#owner
    const { agreed } = session.clearPhase!()
    const { openData } = conversation
    const all = new Uint8Array(agreed.length + openData.length)
    all.set(agreed)
    all.set(openData, agreed.length)
    return all
  }
}
