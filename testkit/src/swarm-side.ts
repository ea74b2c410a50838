import type { AnyMessages, Channel, OverflowPolicy } from '@millrace/core'

/** What one side of a channel sent and heard. */
export interface Side {
  readonly channel: Channel<AnyMessages>
  policy: OverflowPolicy
  /** Numbers that were queued, and the first ones of them that were queued before `close`. */
  queued: number
  next: number
  readonly heard: number[]
  isLossy: boolean
  /** Messages to all that it may have dropped in place of its own. */
  broadcasts: number
  /** It began to end by itself: it hears nothing from then on. */
  isEnding: boolean
}

/** The name of the link below a channel; a local one has none. */
export function linkOf(channel: Channel<AnyMessages>): string | undefined {
  return /\S+#\d+ \((?:opened|accepted)\)/.exec(channel.describe())?.[0]
}

/** The name of the other end of a link. */
export function farEndOf(link: string): string {
  return link.includes('(opened)')
    ? link.replace('(opened)', '(accepted)')
    : link.replace('(accepted)', '(opened)')
}

/** What is missing at the far end of a side, though it may not be. */
export function lossOf(sender: Side, receiver: Side): string[] {
  const name = sender.channel.describe()
  const { heard } = receiver
  if (!sender.isLossy) {
    const gap = heard.findIndex((n, index) => n !== index)
    if (gap >= 0) return [`${name} said ${gap}, the other heard ${heard[gap]} instead`]
  }
  const [reason, theirs] = [sender.channel.reason, receiver.channel.reason]
  const isOrderly = reason?.code === 'closed' && reason.by === 'local' && theirs?.code === 'closed'
  if (!isOrderly || theirs.by !== 'remote' || theirs.text !== reason.text || receiver.isEnding) return []
  const { droppedOldest, superseded } = sender.channel.statistics()
  const wanted = sender.queued - droppedOldest - superseded
  if (heard.length >= wanted && heard.length <= wanted + sender.broadcasts) return []
  return [`${name} was closed in order, but ${heard.length} of ${wanted} arrived`]
}

/** The text of a message, by its number: of all sizes, most of them small. */
export function textOf(n: number): string {
  const size = n % 11 === 10 ? 1500 : n % 5 === 4 ? 120 : n % 3
  return String.fromCharCode(97 + (n % 26)).repeat(size)
}
