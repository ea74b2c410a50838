import type { Goodbye } from '@millrace/wire'
import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { PipeLimits } from '../base/options.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { LinkRoom } from '../ports/transport.ts'
import { Admissions } from './admissions.ts'
import { AttemptRates } from './attempt-rates.ts'
import { ChannelPlaces, gaveWay } from './channel-places.ts'
import { makeRoom, randomOf } from './handshake-room.ts'
import { HandshakeSlots } from './handshake-slots.ts'
import { OverRate, type RatedPipe } from './over-rate.ts'
import type { PipeOptions } from './pipe-options.ts'

/** A crowd is this share of `maxHandshakes`. */
const crowdShare = 1 / 8

/** What an entrance needs of its pipe. */
export interface EntranceParts {
  readonly limits: PipeLimits
  readonly options: PipeOptions
  readonly crypto: PlatformCrypto
  report(error: MillraceError): void
}

/** A link that has come. */
export interface Arrival {
  readonly peerAddress: string | undefined
  /** How many links the process can hold, if that is known. */
  readonly room: LinkRoom | undefined
  /** How many channels are open. */
  readonly openCount: number
  readonly now: number
}

/** A peer with a fitting hello asks for a channel. */
export interface Application {
  /** What it says about itself. */
  readonly data: Uint8Array
  /** What it is told unless another channel makes room; undefined: there is room. */
  readonly refusal: Goodbye | undefined
  readonly now: number
  /** The open channels. */
  readonly open: Iterable<Conversation>
  /** Called once after `later`. */
  decided(): void
}

/** What is needed when the first link has come: a pipe that has none costs nothing. */
class Order {
  readonly slots: HandshakeSlots<Conversation>
  readonly places: ChannelPlaces
  readonly rates: AttemptRates
  readonly admissions: Admissions | undefined
  /** Those about whom the program was asked. */
  readonly asked = new WeakSet<Conversation>()

  constructor({ limits, options, crypto, report }: EntranceParts) {
    this.slots = new HandshakeSlots(() => randomOf(crypto))
    this.places = new ChannelPlaces(limits.maxChannelsPerAddress)
    this.rates = new AttemptRates(limits)
    if (options.admit !== undefined) this.admissions = new Admissions(options.admit, report)
  }
}

/** Keeps order among those who come from outside: who may begin a handshake, who has to make room, and who becomes a channel. */
export class Entrance {
  readonly #parts: EntranceParts
  #made: Order | undefined
  readonly #overRate: OverRate | undefined

  /** Throws `argument-invalid` for a policy of `overRate` that there isn't. */
  constructor(parts: EntranceParts) {
    const { overRate } = parts.options
    this.#parts = parts
    if (overRate !== undefined) this.#overRate = new OverRate(overRate)
  }

  /** Whether a link may begin a handshake, before that costs anything. Makes room for it by cutting another one if need be: a flood must not lock out those who say hello at once. */
  lets({ peerAddress, room, openCount, now }: Arrival): boolean {
    const { limits, options, report } = this.#parts
    if (options.encryption !== undefined && !this.#mayTry(peerAddress, now)) return false
    const outcome = makeRoom(this.#order.slots, limits.maxHandshakes, openCount, room)
    if (outcome === 'none') room?.refused()
    else if (outcome !== 'free') report(outcome)
    return outcome !== 'none'
  }

  /**
   * Whether a peer from this address that asks again by itself should begin now. A crowd behind one address waits for its turn: it would push out its own, and a process
   * that is slow would hear their hellos too late, behind all who ask.
   */
  hasRoom(peerAddress: string): boolean {
    const most = Math.max(1, Math.floor(this.#parts.limits.maxHandshakes * crowdShare))
    return !this.#order.slots.isCrowdedBy(peerAddress, most)
  }

  /** A handshake has begun. */
  came(conversation: Conversation, peerAddress: string | undefined, now: number): void {
    this.#order.slots.add(conversation, peerAddress, now)
  }

  /** Whether it becomes a channel, or what the peer is told instead. */
  judge(conversation: Conversation, application: Application): 'yes' | 'later' | Goodbye {
    const { peerAddress } = conversation.carrier
    if (this.#order.places.isFullFor(peerAddress)) {
      const text = `${this.#parts.limits.maxChannelsPerAddress} channels from your address are open already`
      return { code: 'channel-limit', appCode: 0, text }
    }
    const { refusal, open, now } = application
    const leaving =
      refusal === undefined ? this.#order.places.forget() : this.#order.places.leaving(peerAddress, open, now)
    if (refusal !== undefined && leaving === undefined) return refusal
    const answer = this.#ask(conversation, application)
    if (answer === 'yes') leaving?.carrier.fail(gaveWay)
    return answer
  }

  /** A channel has opened; those that this side opened are none of its business. */
  opened(conversation: Conversation, now: number): void {
    if (conversation.role === 'opened') return
    this.#order.slots.end(conversation, 'well', now)
    this.#order.places.opened(conversation)
  }

  /** A message of this number came more often than its rate allows: returns what is to be told. May end the channel. */
  limited(conversation: Conversation, number: number, pipe: RatedPipe): MillraceError | undefined {
    return this.#overRate?.happened(conversation, number, pipe)
  }

  /** A handshake did not become a channel. */
  failed(conversation: Conversation, { code }: CloseReason, now: number): void {
    if (conversation.role === 'opened') return
    const had = this.#order.slots.end(conversation, code === 'refused' ? 'well' : 'waste', now)
    if (had && code !== 'destroyed') this.#order.slots.linger(conversation)
  }

  /** A channel has ended. */
  closed(conversation: Conversation): void {
    if (conversation.role === 'accepted') this.#order.places.ended(conversation)
  }

  /** Nothing is left of its link. */
  gone(conversation: Conversation): void {
    this.#made?.slots.gone(conversation)
  }

  /** Asks the program, if it wants to be. */
  #ask(conversation: Conversation, { data, decided, now }: Application): 'yes' | 'later' | Goodbye {
    if (this.#order.admissions === undefined) return 'yes'
    const { peerAddress } = conversation.carrier
    const isNew = this.#parts.options.encryption === undefined && !this.#order.asked.has(conversation)
    if (isNew && !this.#mayTry(peerAddress, now))
      return {
        code: 'not-admitted',
        appCode: 0,
        text: 'too many attempts from your address; try again later',
      }
    this.#order.asked.add(conversation)
    return this.#order.admissions.judge(conversation, data, conversation.carrier, decided)
  }

  get #order(): Order {
    return (this.#made ??= new Order(this.#parts))
  }

  #mayTry(address: string | undefined, now: number): boolean {
    const verdict = this.#order.rates.take(address, now)
    if (verdict instanceof MillraceError) this.#parts.report(verdict)
    return verdict === 'may'
  }
}
