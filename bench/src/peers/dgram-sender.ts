import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { dgramSocket } from './dgram.ts'
import type { DialerOptions } from './throughput-options.ts'

/** So many leave in a turn. */
const burstCount = 64

/** Sends one ready-made buffer in a datagram each, as fast as the system takes them: what the receiver can't read in time is lost. */
work<DialerOptions>(async (options, parent) => {
  const socket = await dgramSocket(options.port)
  await parent.ready()
  const window = new Window(options, 1, (measurement) => parent.result(measurement))
  const body = Buffer.alloc(options.size, 7)
  const pump = () => {
    for (let count = 0; count < burstCount; count++) socket.send(body)
    window.add(burstCount)
    if (!window.isDone) setImmediate(pump)
  }
  pump()
})
