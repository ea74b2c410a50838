/** The life of a channel, as a table: from each state, what may happen and where it leads. */
export const channelTransitions = {
  handshaking: { greeted: 'open', close: 'closed', fail: 'closed' },
  open: { close: 'closing', fail: 'closed' },
  closing: { ended: 'closed', fail: 'closed' },
  closed: {},
} as const satisfies Record<string, Readonly<Record<string, string>>>

/** Where a channel is in its life. */
export type ChannelState = keyof typeof channelTransitions
