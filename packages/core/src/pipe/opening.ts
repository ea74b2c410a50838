import { openDataSizeMax } from '@millrace/wire'
import type { CancelSignal } from '../base/cancel.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import { discardLink, GuardedLink, type GuardedLinkOwner } from '../link/guarded-link.ts'
import { LinkCarrier } from '../link/link-carrier.ts'
import { tellingLink } from '../link/polled-link.ts'
import type { PipeEncryption } from '../ports/encryption.ts'
import type { Address, Link, Transport } from '../ports/transport.ts'
import type { Attempt } from './attempt.ts'
import type { ChannelRegistry, Opening } from './channel-registry.ts'
import type { PipeTarget } from './factory-services.ts'

/** How `open` waits. */
export interface OpenOptions {
  /** Gives up before `connectTimeoutMs` and `handshakeTimeoutMs`: the promise rejects with the signal's reason. */
  readonly signal?: CancelSignal | undefined
  /**
   * What this side says about itself, at most 1,024 bytes, copied at once: the accepting pipe's `admit` reads it before there is a channel,
   * and its `accepted` finds it as `channel.openData`. Without encryption everyone on the way can read it.
   */
  readonly data?: Uint8Array | undefined
}

/** What most openers say: one array for all of them. */
const noData = new Uint8Array(0)

/** A copy of what an opener says about itself. Throws `argument-invalid` for more than fits into a hello. */
export function copyOpenData(data: Uint8Array | undefined): Uint8Array {
  if (data === undefined) return noData
  if (data instanceof Uint8Array && data.length <= openDataSizeMax) return new Uint8Array(data)
  const what = data instanceof Uint8Array ? `${data.length} bytes` : typeof data
  const text = `data is a Uint8Array of at most ${openDataSizeMax} bytes; got ${what}`
  throw new MillraceError('argument-invalid', text)
}

/** Checks, before anything is done, that a channel can be opened at all. */
export function checkOpening(where: unknown, target: PipeTarget, transport: Transport): void {
  if (where !== 'remote' && where !== 'local') {
    throw new MillraceError('argument-invalid', `open takes 'remote' or 'local'; got '${String(where)}'`)
  }
  if (transport.carries === 'datagrams') {
    const text = `'${target.transportName}' carries datagrams, which have no channels: bind it`
    throw new MillraceError('unsupported', text)
  }
  if (target.protocol.session === undefined) {
    throw new MillraceError('unsupported', `'${target.protocol.label}' works on datagrams only`)
  }
}

/** Connects, and says in words of its own why that failed. Rejects when the signal is given, whatever the transport makes of it. */
export async function connectLink(
  transport: Transport,
  address: Address,
  signal: CancelSignal,
  pipe: GuardedLinkOwner,
): Promise<Link> {
  if (transport.carries !== 'bytes') throw new MillraceError('unsupported', `${address.text} has no links`)
  if (signal.aborted) throw signal.reason
  try {
    return await firstOf(transport.connect(address, signal), signal, pipe)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof MillraceError) throw error
    const isRefused = (error as { code?: unknown } | undefined)?.code === 'ECONNREFUSED'
    const hint = isRefused ? 'nothing listens there' : causeText(error)
    throw new MillraceError('connect-failed', `cannot connect to ${address.text}: ${hint}`, { cause: error })
  }
}

/** The link, unless the signal comes first: a link that comes after it is destroyed. */
function firstOf(connecting: Promise<Link>, signal: CancelSignal, pipe: GuardedLinkOwner): Promise<Link> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    connecting.then((link) => {
      signal.removeEventListener('abort', aborted)
      if (signal.aborted) discardLink(link, pipe)
      else resolve(link)
    }, reject)
  })
}

/** Waits for both hellos. Ends the channel to be when the attempt is aborted. */
export async function greet(
  attempt: Attempt,
  data: Uint8Array,
  start: (opening: Opening) => LinkCarrier,
): Promise<Channel> {
  const { signal } = attempt
  let carrier: LinkCarrier | undefined
  const aborted = () => carrier?.destroy()
  signal.addEventListener('abort', aborted, { once: true })
  try {
    const channel = await new Promise<Channel>((resolve, reject) => {
      carrier = start({ resolve, reject, data })
      attempt.greets(carrier)
    })
    if (!signal.aborted) return channel
    channel.destroy()
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', aborted)
  }
  throw signal.reason
}

/**
 * Lets a link carry a new conversation of the pipe, encrypted if the pipe says so. Throws `handshake-failed`, and cuts the link, when the protocol
 * can't make a session.
 */
export function startCarrier(
  link: Link,
  role: 'accepted' | 'opened',
  { registry, target }: { readonly registry: ChannelRegistry; readonly target: PipeTarget },
  encryption: PipeEncryption | undefined,
  opening?: Opening,
): LinkCarrier {
  const conversation = registry.converse(role)
  const channel = () => registry.channelToBe(conversation)
  const guarded = new GuardedLink(link, registry)
  const frames = target.protocol.frames?.(registry.limits)
  if (frames !== undefined) guarded.speaks?.(frames)
  const telling = tellingLink(guarded, registry.turns)
  const below = encryption?.over(telling, role, registry, channel) ?? telling
  const carrier = LinkCarrier.over(below, registry, conversation, target.protocol)
  registry.add(conversation, opening, link.peerAddress)
  carrier.start()
  return carrier
}
