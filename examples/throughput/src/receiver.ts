/** The receiving side: counts what comes, sends pings back, and says what it counted when asked. */
import type { Pipe } from 'millrace'
import type { Throughput } from './contract.ts'
import { type Place, pipeTo } from './place.ts'

/** Binds a receiver. The caller closes it. */
export function receive(place: Place): Promise<Pipe<Throughput>> {
  const pipe = pipeTo(place)
  pipe.on('accepted', (_pipe, channel) => {
    let messages = 0
    const count = () => {
      messages++
    }
    channel.on('move', count)
    channel.on('blob', count)
    channel.on('movePing', (body) => channel.send('movePing', body))
    channel.on('blobPing', (body) => channel.send('blobPing', body))
    channel.on('mark', () => ({ messages, cpuMicroseconds: cpuMicroseconds() }))
  })
  return pipe.bind()
}

/** The processor time that this process has taken, in its own code and in the system for it. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
