import type { Channel } from 'millrace'
import { measureRounds } from '../broadcast-rounds.ts'
import { type GameMessages, playerState, step } from '../game-state.ts'
import type { WindowOptions } from '../window.ts'
import { work } from '../worker-side.ts'
import { gamePipe, portOf } from './millrace-messages.ts'

/** Broadcasts one object to every channel of a pipe, once a round. */
work<WindowOptions & { count: number; size: number }>(async (options, parent) => {
  const pipe = gamePipe('bits', options.size, 0)
  await pipe.bind()
  await parent.ready({ port: portOf(pipe) })
  while (pipe.channelCount < options.count) await new Promise((resolve) => setTimeout(resolve, 10))
  const player = playerState(1)
  const round = async () => {
    step(player)
    const taken = pipe.broadcast('state', player)
    if (taken < options.count)
      await Promise.all([...pipe.channels()].map((channel: Channel<GameMessages>) => channel.drained()))
  }
  parent.result(await measureRounds(options, options.count, round))
})
