import type { Channel, Pipe, Request } from 'millrace'

/** What a chat speaks. */
export interface Chat {
  /** Enters under a name; the reply lists who is there. */
  join: Request<{ readonly name: string }, { readonly members: readonly string[] }>
  /** From a member. */
  say: { readonly text: string }
  /** To all members. */
  said: { readonly from: string; readonly text: string }
}

/** Serves a chat to all channels that the pipe accepts. */
export function serveChat(pipe: Pipe<Chat>): void {
  const names = new Map<Channel<Chat>, string>()
  pipe.on('accepted', (_, channel) => {
    channel.on('join', ({ name }) => {
      names.set(channel, name)
      return { members: [...names.values()] }
    })
    channel.on('say', ({ text }) => {
      const from = names.get(channel)
      if (from !== undefined) pipe.broadcast('said', { from, text }, names.keys())
    })
    channel.on('close', () => names.delete(channel))
  })
}
