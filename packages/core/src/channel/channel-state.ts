/** The life of a channel, as a table that runs: from each state, what may happen and where it leads. */
export const channelTransitions = {
  handshaking: { agreed: 'open', ended: 'closed' },
  open: { closing: 'closing', ended: 'closed' },
  closing: { ended: 'closed' },
  closed: {},
} as const satisfies Record<string, Readonly<Record<string, string>>>

/** Where a channel is in its life. */
export type ChannelState = keyof typeof channelTransitions

/**
 * What can happen to a channel: both sides `agreed`; this side is `closing` in order; it `ended`, for whatever reason.
 */
export type ChannelEvent = 'agreed' | 'closing' | 'ended'

/** The state that follows, or `undefined` where this can't happen. */
export function nextState(state: ChannelState, event: ChannelEvent): ChannelState | undefined {
  const row: Readonly<Partial<Record<ChannelEvent, ChannelState>>> = channelTransitions[state]
  return row[event]
}
