import { once } from 'node:events'
import { connect } from 'node:net'
import { RoundTrips } from '../round-trips.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'

/** Sends a message of the given size, waits until as many bytes came back, and again. */
work<DialerOptions>(async (options, parent) => {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const trips = new RoundTrips(options)
  const body = Buffer.alloc(options.size, 7)
  await parent.ready()
  let missing = 0
  const ping = () => {
    missing = options.size
    trips.sent()
    socket.write(body)
  }
  socket.on('data', (chunk) => {
    missing -= chunk.length
    if (missing > 0) return
    if (trips.received() === 'again') ping()
    else parent.result(trips.measurement())
  })
  ping()
})
