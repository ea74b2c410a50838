import { memoryPerConnection, settledMemory } from '../idle-memory.ts'
import { work } from '../worker-side.ts'
import { gamePipe, portOf, type Way } from './millrace-messages.ts'
import type { Protection } from './protection.ts'

type IdleOptions = {
  count: number
  heartbeat: 'on' | 'off'
  protection?: Protection
  transport?: Way['transport']
}

/** Holds idle channels, each with the handlers that any server has, and weighs them. */
work<IdleOptions>(async ({ count, heartbeat, protection, transport }, parent) => {
  const pipe = gamePipe('bits', 64, 0, protection, { transport })
  let messages = 0
  const heard = () => {
    messages++
  }
  const closed = () => undefined
  pipe.on('accepted', (_pipe, channel) => {
    channel?.on('state', heard).on('close', closed)
    // So rarely that no ping falls into the measurement.
    if (heartbeat === 'on') channel?.setHeartbeat(60_000, 180_000)
  })
  await pipe.bind()
  const before = await settledMemory()
  await parent.ready({ port: portOf(pipe) })
  while (pipe.channelCount < count) await new Promise((resolve) => setTimeout(resolve, 10))
  // Over datagrams, acks are still on their way, and sizes of packets are tried out.
  if (transport === 'udp') await new Promise((resolve) => setTimeout(resolve, 1000))
  const after = await settledMemory()
  if (messages > 0) throw new Error('the channels were not idle')
  parent.result(memoryPerConnection(before, after, count))
})
