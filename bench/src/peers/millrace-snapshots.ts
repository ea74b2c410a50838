import type { Channel } from 'millrace'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { everyTick, type SnapshotOptions, type Snapshots, snapshotMaker, snapshotPipe } from './snapshots.ts'

/** A server that sends each of its channels a snapshot of its own, 20 times a second. */
work<SnapshotOptions>(async (options, parent) => {
  const pipe = snapshotPipe(0, options)
  const channels: Channel<Snapshots>[] = []
  pipe.on('accepted', (_pipe, channel) => {
    if (channel !== undefined) channels.push(channel)
  })
  await pipe.bind()
  await parent.ready({ port: (pipe.address as unknown as { port: number }).port })
  if (channels.length !== options.count) throw new Error(`${channels.length} channels are there`)
  const window = new Window(options, 1, (measurement) => parent.result(measurement))
  const make = snapshotMaker()
  everyTick(() => {
    for (const channel of channels) channel.send('snapshot', make())
    window.add(channels.length)
    return window.isDone ? 'done' : 'again'
  })
})
