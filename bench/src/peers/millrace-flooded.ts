import { ProtoFactory } from 'millrace'
import { work } from '../worker-side.ts'
import type { FloodOptions } from './flood-options.ts'
import { reportFlood } from './flooded.ts'

/** A server with its defaults that echoes for its guests, and has a handler for what floods it. */
work<FloodOptions>(async (options, parent) => {
  const server = new ProtoFactory().create('tcp', '127.0.0.1', 0, 'msgpack')
  server.on('accepted', (_server, channel) => {
    channel?.on('echo', (body: unknown) => body)
    channel?.on('flood', () => undefined)
  })
  // Floods may end channels: that is what their limits are for.
  server.on('error', () => undefined)
  await server.bind()
  await parent.ready({ port: (server.address as unknown as { port: number }).port })
  await reportFlood(options, parent, () => server.statistics().bytesIn)
})
