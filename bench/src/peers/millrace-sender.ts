import type { Channel } from 'millrace'
import type { GameMessages } from '../game-state.ts'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { gamePipe, type ProtocolName, portOf, sender, type Way } from './millrace-messages.ts'
import type { Protection } from './protection.ts'
import type { ThroughputOptions } from './throughput-options.ts'

/** So many unreliable messages are sent between two looks at the budget. */
const budgetStride = 16

/** Sends typed objects as fast as the channel takes them; binds, or opens a channel to `port` if there is one. */
work<ThroughputOptions & { protocol: ProtocolName; protection?: Protection; port?: number } & Way>(
  async (options, parent) => {
    const { port, protocol, protection, size } = options
    const pipe = gamePipe(protocol, size, port ?? 0, protection, options)
    let channel: Channel<GameMessages>
    if (port !== undefined) {
      channel = await pipe.open()
      await parent.ready()
    } else {
      const accepted = new Promise<Channel<GameMessages>>((resolve) =>
        pipe.on('accepted', (_pipe, accepted) => {
          if (accepted !== undefined) resolve(accepted)
        }),
      )
      await pipe.bind()
      await parent.ready({ port: portOf(pipe) })
      channel = await accepted
    }
    const window = new Window(options, options.stride ?? 256, (measurement) => parent.result(measurement))
    const send = sender(channel, size)
    // What may be lost is dropped where it can't leave: a game sends as much as the budget of the turn allows.
    const isLossy = options.delivery === 'unreliable'
    for (let count = 0; !window.isDone; count++) {
      if (isLossy && count % budgetStride === 0) await roomFor(channel, budgetStride * size)
      const result = send()
      if (result === 'queued') window.add(1)
      else if (result === 'full') await channel.drained()
      else break
    }
    await channel.close()
  },
)

async function roomFor(channel: Channel<GameMessages>, bytes: number): Promise<void> {
  while (channel.budgetBytes < bytes) await new Promise((resolve) => setImmediate(resolve))
}
