import { RoundTrips } from '../round-trips.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'
import { connectedSecurity, loadZeromq, type ZeromqSecurity } from './zeromq.ts'

/** Asks, waits for the answer, and again. */
work<DialerOptions & ZeromqSecurity>(async (options, parent) => {
  const { Request } = await loadZeromq()
  const request = new Request({ linger: 0, ...(await connectedSecurity(options)) })
  request.connect(`tcp://127.0.0.1:${options.port}`)
  const trips = new RoundTrips(options)
  const body = Buffer.alloc(options.size, 7)
  await parent.ready()
  do {
    trips.sent()
    await request.send(body)
    await request.receive()
  } while (trips.received() === 'again')
  parent.result(trips.measurement())
})
