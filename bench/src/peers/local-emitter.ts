import { EventEmitter } from 'node:events'
import type { WindowOptions } from '../window.ts'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'

/** A call through EventEmitter: one listener, one object, made anew for each message. */
work<WindowOptions>(async (options, parent) => {
  await parent.ready()
  const emitter = new EventEmitter()
  let sum = 0
  let isOver = false
  const window = new Window(options, 4096, (measurement) => {
    isOver = true
    parent.result(measurement)
  })
  emitter.on('move', (move: { id: number; x: number; y: number }) => {
    sum += move.id
  })
  for (let id = 0; !isOver; id++) {
    emitter.emit('move', { id, x: 1.5, y: 2.5 })
    window.add(1)
  }
  if (sum < 0) throw new Error('no message arrived')
})
