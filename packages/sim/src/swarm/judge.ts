import type { CloseReason, MillraceError } from '@millrace/core'
import { Causes } from './causes.ts'
import type { ChannelEnd } from './channel-end.ts'
import type { Lateness } from './lateness.ts'
import type { SwarmPlan } from './plan.ts'

/** Said of attempts that did not come to a channel, and of channels that have ended, whose reason is looked at by itself. */
const saidOfEnds: ReadonlySet<string> = new Set([
  'connect-failed',
  'handshake-failed',
  'link-failed',
  'listen-failed',
  'channel-closed',
])

/** What a channel that a side ends may say: the network may be faster. */
const causedByEnds: ReadonlySet<CloseReason['code']> = new Set([
  'closed',
  'destroyed',
  'heartbeat-timeout',
  'slow-reader',
  'link-ended',
  'link-failed',
])

/** The two ends of a channel, by what its opener says of itself. */
export interface Pair {
  readonly player: number
  opened?: ChannelEnd
  accepted?: ChannelEnd
}

/** Of requests over a stream of which a segment, and so a frame or a record, took too long. */
const slowStream: ReadonlySet<string> = new Set(['request-timeout', 'encryption-failed', 'handshake-failed'])

/** Says of what went wrong whether the plan is the cause: only what its hazards can do excuses what became of a player. */
export class Judge {
  readonly #plan: SwarmPlan
  readonly #isStream: boolean
  readonly #causes: readonly Causes[]
  readonly #lateness: Lateness

  constructor(plan: SwarmPlan, lateness: Lateness) {
    this.#lateness = lateness
    this.#plan = plan
    this.#isStream = plan.transport === 'tcp'
    this.#causes = Array.from({ length: plan.players }, (_, player) => new Causes(plan, player))
  }

  /** A channel ends when one side ends it, when its opener has given it up before it was open to it, or for what the plan does to its player. */
  mayEnd(end: ChannelEnd, { opened, accepted, player }: Pair, reason: CloseReason): boolean {
    if (opened === undefined) return true
    const what = 'what' in reason ? reason.what : 'cause' in reason ? String(reason.cause) : ''
    if ((opened.isEnding || accepted?.isEnding === true) && causedByEnds.has(reason.code)) return true
    const other = end === opened ? accepted : opened
    // What the other side did is judged there.
    const isToldSo = reason.code === 'link-ended' || (reason.code === 'closed' && reason.by === 'remote')
    if (isToldSo && (other === undefined || other.isLost || other.reason !== undefined)) return true
    return this.#causes[player].mayEnd(reason.code, what)
  }

  /**
   * The end of a channel ends its requests, and is judged by itself; a full one takes none. A request that was asked at `askedAt` is too late only behind much, or
   * on a way that is bad for long: over datagrams, where the request and its reply need not have come yet.
   */
  mayRequestFail({ opened, accepted, player }: Pair, code: string, askedAt: number, now: number): boolean {
    if (code === 'channel-closed' || code === 'link-failed' || code === 'request-limit') return true
    const causes = this.#causes[player]
    // A side that has not heard of the other's end waits in vain.
    if (code === 'request-timeout' && (opened?.isLive !== true || accepted?.isLive !== true)) return true
    if (this.#isStream) return slowStream.has(code) && (this.#plan.load === 'heavy' || causes.maySlow())
    const { sinceMs, withinMs } = this.#lateness.at(player, now)
    const isLate = now < Math.max(sinceMs, askedAt) + 2 * withinMs
    return code === 'request-timeout' && isLate && (this.#plan.load === 'heavy' || causes.isLong)
  }

  /** Whether a program may be told this error: of a peer that was refused, or of bytes that were changed, among others. */
  mayFail({ code, message }: MillraceError): boolean {
    const { encryption } = this.#plan
    const isRefused =
      (encryption === 'XX' || encryption === 'IK') && message.includes('authorise refused the key')
    const isChanged = code === 'encryption-failed' && this.#causes.some((causes) => causes.mayCorrupt())
    return saidOfEnds.has(code) || isRefused || isChanged
  }
}
