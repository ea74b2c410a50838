import { work } from '../worker-side.ts'
import { gamePipe, type ProtocolName, portOf } from './millrace-messages.ts'
import type { Protection } from './protection.ts'

type EchoOptions = { size: number; protocol: ProtocolName; protection?: Protection }

/** Sends back each message as an object of its own. */
work<EchoOptions>(async ({ size, protocol, protection }, parent) => {
  const pipe = gamePipe(protocol, size, 0, protection)
  pipe.on('accepted', (_pipe, channel) => {
    channel?.on('state', (player) => void channel.send('state', player))
    channel?.on('glimpse', (glimpse) => void channel.send('glimpse', glimpse))
    channel?.on('glimpses', (glimpses) => void channel.send('glimpses', glimpses))
    channel?.on('snapshot', (snapshot) => void channel.send('snapshot', snapshot))
  })
  await pipe.bind()
  await parent.ready({ port: portOf(pipe) })
  parent.result({})
})
