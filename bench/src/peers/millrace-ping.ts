import { RoundTrips } from '../round-trips.ts'
import { work } from '../worker-side.ts'
import { gamePipe, listen, type ProtocolName, sender } from './millrace-messages.ts'
import type { Protection } from './protection.ts'
import type { DialerOptions } from './throughput-options.ts'

/** Sends one object, waits for the object that comes back, and again. */
work<DialerOptions & { protocol: ProtocolName; protection?: Protection }>(async (options, parent) => {
  const { port, protocol, protection, size } = options
  const channel = await gamePipe(protocol, size, port, protection).open()
  const trips = new RoundTrips(options)
  const send = sender(channel, size)
  await parent.ready()
  const ping = () => {
    trips.sent()
    send()
  }
  listen(channel, size, () => {
    if (trips.received() === 'again') ping()
    else parent.result(trips.measurement())
  })
  ping()
})
