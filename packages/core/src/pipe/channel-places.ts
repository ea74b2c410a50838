import type { CloseReason } from '../base/close-reason.ts'
import type { Conversation } from '../channel/conversation.ts'
import { PlaceCounts } from './place-counts.ts'

/** Who has how many channels is looked at once in so many milliseconds: that takes time for each channel, and newcomers come at will. */
const censusIntervalMs = 1000

/** A channel that has brought no message for so long, or none at all, may have to make room for others. */
const silentMs = 10_000

/** A channel without a heartbeat of which nothing at all was heard for so long is taken to be dead when room is short. */
const deadMs = 60_000

/** Why a channel ends that makes room for another one. */
export const gaveWay: CloseReason = {
  code: 'closed',
  by: 'local',
  why: 'channel-limit',
  appCode: 0,
  text: 'all places are taken, and this channel brought nothing: another one has its place now',
}

interface Sign {
  messages: number
  messagesAt: number
  bytes: number
  bytesAt: number
}

/**
 * The places of channels, when all of them are taken. They are shared by address: a newcomer gets the place of a silent channel of an address that has at least twice as
 * many as the newcomer's would have. Channels that bring messages stay, and so does everything while all peers come from one address. Counts by neighbourhood, as
 * handshakes do. Nothing is kept while there is room.
 */
export class ChannelPlaces {
  readonly #perAddressMax: number
  /** Kept all the time if there is a limit for each address. */
  readonly #open: PlaceCounts | undefined
  #signs = new Map<Conversation, Sign>()
  #counts = new PlaceCounts()
  /** Those that may have to go, by the logarithm of how many are at their address. The oldest last. */
  #silent: Conversation[][] = []
  #dead: Conversation[] = []
  #lookedAt = Number.NEGATIVE_INFINITY

  /** `perAddressMax`: so many channels may come from one address; `Infinity`: any number. */
  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax
    if (perAddressMax < Number.POSITIVE_INFINITY) this.#open = new PlaceCounts()
  }

  /** An accepted channel has opened. */
  opened(conversation: Conversation): void {
    const { peerAddress } = conversation.carrier
    if (peerAddress === undefined) return
    this.#open?.add(peerAddress)
    if (this.#signs.size > 0) this.#counts.add(peerAddress)
  }

  /** An accepted channel has ended. */
  ended(conversation: Conversation): void {
    const { peerAddress } = conversation.carrier
    if (peerAddress === undefined) return
    this.#open?.remove(peerAddress)
    if (this.#signs.delete(conversation)) this.#counts.remove(peerAddress)
  }

  /** Whether an address has as many channels as one may have. */
  isFullFor(address: string | undefined): boolean {
    if (this.#open === undefined || address === undefined) return false
    return this.#open.at(address) >= this.#perAddressMax
  }

  /** There is room: nothing needs to be known. */
  forget(): void {
    if (this.#signs.size === 0) return
    this.#signs = new Map()
    this.#silent = []
    this.#dead = []
    this.#lookedAt = Number.NEGATIVE_INFINITY
  }

  /** The channel that makes room for a newcomer; undefined: none. */
  leaving(
    address: string | undefined,
    channels: Iterable<Conversation>,
    now: number,
  ): Conversation | undefined {
    if (now - this.#lookedAt >= censusIntervalMs) this.#look(channels, now)
    const dead = last(this.#dead)
    if (dead !== undefined) return dead
    if (address === undefined) return undefined
    const next = this.#mostAt()
    const own = this.#counts.at(address) + 1
    return next !== undefined && this.#countAt(next) >= 2 * own ? next : undefined
  }

  /** A silent one of an address with most, up to a factor of two. */
  #mostAt(): Conversation | undefined {
    for (let rank = this.#silent.length - 1; rank >= 0; rank--) {
      const list = this.#silent[rank]
      for (let next = last(list); next !== undefined; next = last(list)) {
        const present = rankOf(this.#countAt(next))
        if (present >= rank) return next
        // Others of its address have gone.
        list.pop()
        this.#silent[present].push(next)
      }
    }
    return undefined
  }

  #countAt(conversation: Conversation): number {
    return this.#counts.at(conversation.carrier.peerAddress!)
  }

  #look(channels: Iterable<Conversation>, now: number): void {
    const before = this.#signs
    this.#signs = new Map()
    this.#counts = new PlaceCounts()
    this.#silent = []
    this.#dead = []
    this.#lookedAt = now
    const silent: Conversation[] = []
    for (const conversation of channels) this.#note(conversation, before.get(conversation), now, silent)
    for (const conversation of silent.reverse()) {
      const rank = rankOf(this.#countAt(conversation))
      while (this.#silent.length <= rank) this.#silent.push([])
      this.#silent[rank].push(conversation)
    }
  }

  #note(conversation: Conversation, before: Sign | undefined, now: number, silent: Conversation[]): void {
    const { peerAddress } = conversation.carrier
    if (conversation.role !== 'accepted' || peerAddress === undefined) return
    const sign = signOf(conversation, before, now)
    this.#signs.set(conversation, sign)
    this.#counts.add(peerAddress)
    if (now - sign.messagesAt >= silentMs) silent.push(conversation)
    if (conversation.heartbeat === undefined && now - sign.bytesAt >= deadMs) this.#dead.push(conversation)
  }
}

/** What was heard of a channel so far, and when that was first so. */
function signOf(conversation: Conversation, before: Sign | undefined, now: number): Sign {
  const messages = conversation.dispatch.messagesIn
  const bytes = conversation.bytesIn
  const isSilent = messages === 0 || before?.messages === messages
  return {
    messages,
    messagesAt: isSilent ? (before?.messagesAt ?? Number.NEGATIVE_INFINITY) : now,
    bytes,
    bytesAt: before?.bytes === bytes ? before.bytesAt : now,
  }
}

/** The last one that is open still. */
function last(list: Conversation[]): Conversation | undefined {
  while (list.length > 0 && !list[list.length - 1].isOpen) list.pop()
  return list.at(-1)
}

function rankOf(count: number): number {
  return Math.floor(Math.log2(Math.max(1, count)))
}
