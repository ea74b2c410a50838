import type { Channel } from './channel.ts'
import type { ChannelBook } from './channel-book.ts'
import { LocalCarrier } from './local-carrier.ts'
import { MillraceError } from './millrace-error.ts'
import type { Protocol } from './protocol.ts'
import type { TurnTaker } from './turns.ts'

/** One thing to do in a pipe's turn. */
class Errand implements TurnTaker {
  isReady = false
  isDirty = false
  readonly process: () => void

  constructor(process: () => void) {
    this.process = process
  }

  flush(): void {}
}

/** Opens a channel between two pipes of one process. Each end opens in its own pipe's turn, the accepting one first. */
export function openLocal(opener: ChannelBook, acceptor: ChannelBook, protocol: Protocol): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const accept = () => {
      const answer = acceptor.mayOpen()
      if (answer !== 'yes') {
        const code = answer.code === 'channel-limit' ? 'channel-limit' : 'handshake-failed'
        return reject(
          new MillraceError(code, `the pipe refused the channel (${answer.code}): ${answer.text}`),
        )
      }
      const [opened, accepted] = LocalCarrier.pair(opener, acceptor, protocol)
      opener.add(opened, { resolve, reject })
      acceptor.add(accepted)
      accepted.open()
      const settle = () => opened.settle()
      const open = () => {
        opened.open()
        opener.turns.later(new Errand(settle))
      }
      opener.turns.later(new Errand(open))
    }
    acceptor.turns.later(new Errand(accept))
  })
}
