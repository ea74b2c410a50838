import { bits, contract, ProtoFactory, u32 } from 'millrace'
import { f64 } from 'millrace/schema'
import type { WindowOptions } from '../window.ts'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'

/** A local channel between two pipes of this process: a new object for each message, delivered in the next turn. */
work<WindowOptions>(async (options, parent) => {
  await parent.ready()
  const factory = new ProtoFactory().add('game', bits(contract({ move: { id: u32, x: f64, y: f64 } })))
  const server = factory.create('local', 'game', 'game')
  let sum = 0
  let isOver = false
  const window = new Window(options, 4096, (measurement) => {
    isOver = true
    parent.result(measurement)
  })
  server.on('accepted', (_pipe, channel) => {
    channel?.on('move', (move) => {
      sum += move.id
      window.add(1)
    })
  })
  await server.bind()
  const channel = await factory.create('local', 'game', 'game').open('local')
  for (let id = 0; !isOver; id = (id + 1) & 0xffffff) {
    const result = channel.send('move', { id, x: 1.5, y: 2.5 })
    if (result === 'full') await channel.drained()
    else if (result === 'closed') break
  }
  if (!(sum > 0)) throw new Error('no message arrived')
})
