import type { Channel } from 'millrace'
import type { GameMessages } from '../game-state.ts'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { gamePipe, listen, type ProtocolName, portOf, type Way } from './millrace-messages.ts'
import type { Protection } from './protection.ts'
import type { ThroughputOptions } from './throughput-options.ts'

/** Receives typed objects and reads their fields; binds, or opens a channel to `port` if there is one. */
work<ThroughputOptions & { protocol: ProtocolName; protection?: Protection; port?: number } & Way>(
  async (options, parent) => {
    const { port, protocol, protection, size } = options
    const pipe = gamePipe(protocol, size, port ?? 0, protection, options)
    const window = new Window(options, options.stride ?? 256, (measurement) => parent.result(measurement))
    let sum = 0
    const hear = (channel: Channel<GameMessages>) => {
      listen(channel, size, (read) => {
        sum += read
        window.add(1)
      })
      channel.on('close', () => {
        if (!(sum > 0)) throw new Error('the messages held nothing')
        window.end()
      })
    }
    if (port !== undefined) {
      hear(await pipe.open())
      await parent.ready()
    } else {
      pipe.on('accepted', (_pipe, channel) => {
        if (channel !== undefined) hear(channel)
      })
      await pipe.bind()
      await parent.ready({ port: portOf(pipe) })
    }
  },
)
