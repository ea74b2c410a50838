import type { Channel } from 'millrace'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import { type SnapshotOptions, type Snapshots, snapshotPipe } from './snapshots.ts'

const batchCount = 50

/** Opens many channels and counts the snapshots that arrive. */
work<SnapshotOptions & { port: number }>(async (options, parent) => {
  const pipe = snapshotPipe(options.port, options)
  const channels: Channel<Snapshots>[] = []
  while (channels.length < options.count) {
    const missing = Math.min(batchCount, options.count - channels.length)
    channels.push(...(await Promise.all(Array.from({ length: missing }, () => pipe.open()))))
  }
  const window = new Window(options, 64, (measurement) => parent.result(measurement))
  let sum = 0
  for (const channel of channels) {
    channel.on('snapshot', ({ tick, players }) => {
      sum += tick + players[0].id
      window.add(1)
    })
    channel.on('close', () => {
      if (!(sum > 0)) throw new Error('the snapshots held nothing')
    })
  }
  await parent.ready()
})
