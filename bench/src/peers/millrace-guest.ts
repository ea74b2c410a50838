import { ProtoFactory } from 'millrace'
import { work } from '../worker-side.ts'
import type { FloodOptions } from './flood-options.ts'
import { reportGuest } from './guest.ts'

/** A player of good manners. */
work<FloodOptions>(async (options, parent) => {
  const pipe = () => new ProtoFactory().create('tcp', '127.0.0.1', options.port, 'msgpack')
  const channel = await pipe().open()
  await parent.ready()
  await reportGuest(options, parent, {
    echo: () => channel.request('echo', 1),
    open: async () => (await pipe().open()).destroy(),
  })
})
