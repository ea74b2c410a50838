import { CallSite } from '../base/call-site.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { discardLink } from '../link/guarded-link.ts'
import type { Address, Link, LinkRoom, PacketStatistics } from '../ports/transport.ts'
import { Binding } from './binding.ts'
import type { Entrance } from './entrance.ts'
import { startCarrier } from './opening.ts'
import type { PipeParts, Settled } from './settled.ts'

/** What a binder needs of its pipe. */
export interface PipeBinderOwner {
  readonly isEnding: boolean
  describe(): string
}

/** Takes the address of a pipe, lets links in as long as the pipe is bound, and gives the address back. */
export class PipeBinder {
  readonly #owner: PipeBinderOwner
  readonly #parts: PipeParts
  readonly #entrance: Entrance
  #state: 'fresh' | 'binding' | 'bound' = 'fresh'
  #binding: Binding | undefined
  /** The address that was given back, and that channels may still keep. */
  #leaving: Binding | undefined
  /** While the address is being taken; another one, or none, when that was given up. */
  #taking: Promise<Binding> | undefined

  /** `entrance`: for those who come to the pipe. */
  constructor(owner: PipeBinderOwner, parts: PipeParts, entrance: Entrance) {
    this.#owner = owner
    this.#parts = parts
    this.#entrance = entrance
  }

  /** `bound` until `forget`: a pipe that is closing still is. */
  get state(): 'fresh' | 'binding' | 'bound' {
    return this.#state
  }

  /** The address that it holds. */
  get address(): Address | undefined {
    return this.#binding?.address
  }

  get datagramsDropped(): number {
    return this.#binding?.datagramsDropped ?? 0
  }

  get packets(): PacketStatistics | undefined {
    return this.#binding?.packets
  }

  /** Takes the address. Rejects with `not-bound`, `already-open`, or what `Binding.take` says. */
  async bind(settled: Settled): Promise<void> {
    const { services } = this.#parts
    const { target, transport } = settled
    const owner = this.#owner
    if (owner.isEnding)
      throw new MillraceError('not-bound', `${owner.describe()}: it is closing or destroyed`)
    if (this.#state !== 'fresh')
      throw new MillraceError('already-open', `${owner.describe()} is bound already; close it first`)
    if (transport.carries === 'messages' && services.boundAt(target) !== undefined) {
      const text = `a pipe of this process is bound at ${target.address.text} already`
      throw new MillraceError('address-in-use', text)
    }
    const site = new CallSite(this.bind)
    this.#state = 'binding'
    const taking = this.#take(settled)
    this.#taking = taking
    try {
      const binding = await taking
      if (this.#taking !== taking)
        throw new MillraceError('not-bound', `${owner.describe()}: it was closed while binding`)
      this.#bound(binding, settled)
    } catch (error) {
      site.mark(error)
      throw error
    } finally {
      if (this.#taking === taking) this.#taking = undefined
      if (this.#state === 'binding') this.#state = 'fresh'
    }
  }

  /** Gives the address back, also one that is just being taken. Resolves when it is free. */
  async free(): Promise<void> {
    this.#parts.services.setBound(this.#owner, undefined)
    const taking = this.#taking
    const binding = this.#binding
    this.#taking = this.#binding = undefined
    await binding?.close()
    this.#leaving = binding
    if (taking !== undefined) await (await taking.catch(() => undefined))?.close()
  }

  /** Resolves when no channel keeps the address that was given back. */
  async released(): Promise<void> {
    await this.#leaving?.released()
    this.#leaving = undefined
  }

  /** The pipe has closed, or was destroyed. */
  forget(): void {
    this.#state = 'fresh'
  }

  /** Tells that the address could not be given back. */
  notFreed(error: unknown, settled: Settled | undefined): void {
    settled?.registry.linkFailed(error, `${this.#owner.describe()}: its address was not given back`)
  }

  async #take(settled: Settled): Promise<Binding> {
    const { encryption } = this.#parts
    encryption?.expectRole('accepted')
    if (encryption?.isLoaded === false) await encryption.load()
    encryption?.expectKeys('accepted', settled.registry)
    return Binding.take({
      ...settled,
      accept: (link, room) => this.#accept(link, room, settled),
      hasRoom: (peerAddress) => this.#entrance.hasRoom(peerAddress),
      datagram: (datagram) => this.#parts.handlers.emit('datagram', this.#owner, datagram),
    })
  }

  #bound(binding: Binding, settled: Settled): void {
    this.#state = 'bound'
    this.#binding = binding
    const { services, encryption } = this.#parts
    services.setBound(this.#owner, { ...settled, address: binding.address, encryption })
    const { pipeBound } = services.topics
    if (pipeBound.hasSubscribers) pipeBound.publish({ pipe: this.#owner })
  }

  #accept(link: Link, room: LinkRoom | undefined, settled: Settled): void {
    const { registry } = settled
    if (this.#state !== 'bound' || registry.isClosing) {
      return discardLink(link, registry)
    }
    const { openCount, turns } = registry
    const { peerAddress } = link
    if (!this.#entrance.lets({ peerAddress, room, openCount, now: turns.now }))
      return discardLink(link, registry)
    try {
      startCarrier(link, 'accepted', settled, this.#parts.encryption)
    } catch (error) {
      this.#parts.strangers?.report(error as MillraceError)
    }
  }
}
