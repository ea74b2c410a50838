import { once } from 'node:events'
import { WebSocket } from 'ws'
import { work } from '../worker-side.ts'
import type { FloodOptions } from './flood-options.ts'
import { reportGuest } from './guest.ts'

/** A player of good manners. */
work<FloodOptions>(async (options, parent) => {
  const open = async () => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${options.port}`, { perMessageDeflate: false })
    await once(webSocket, 'open')
    return webSocket
  }
  const own = await open()
  await parent.ready()
  await reportGuest(options, parent, {
    echo: () => {
      own.send('1')
      return once(own, 'message')
    },
    open: async () => (await open()).terminate(),
  })
})
