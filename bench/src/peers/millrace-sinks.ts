import type { Channel } from 'millrace'
import type { GameMessages } from '../game-state.ts'
import { work } from '../worker-side.ts'
import { gamePipe, type Way } from './millrace-messages.ts'
import type { Protection } from './protection.ts'

type SinkOptions = {
  port: number
  count: number
  size?: number
  protection?: Protection
  transport?: Way['transport']
}

const batchCount = 100

/** Opens many channels and reads what comes, or just holds them. */
work<SinkOptions>(async ({ port, count, size = 64, protection, transport }, parent) => {
  const pipe = gamePipe('bits', size, port, protection, { transport })
  const channels: Channel<GameMessages>[] = []
  while (channels.length < count) {
    const batch = Array.from({ length: Math.min(batchCount, count - channels.length) }, () => pipe.open())
    channels.push(...(await Promise.all(batch)))
  }
  let ticks = 0
  for (const channel of channels) {
    channel.on('state', ({ tick }) => {
      ticks = Math.max(ticks, tick)
    })
  }
  await parent.ready()
  parent.result({})
})
