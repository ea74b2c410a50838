import { MessageChannel } from 'node:worker_threads'
import type { WindowOptions } from '../window.ts'
import { Window } from '../window.ts'
import { work } from '../worker-side.ts'

const batchCount = 256

/** postMessage through a MessageChannel in one thread: structured clone and a turn of the loop. */
work<WindowOptions>(async (options, parent) => {
  await parent.ready()
  const { port1, port2 } = new MessageChannel()
  let isOver = false
  const window = new Window(options, batchCount, (measurement) => {
    isOver = true
    parent.result(measurement)
  })
  let id = 0
  const post = () => {
    for (let index = 0; index < batchCount; index++) port1.postMessage({ id: id++, x: 1.5, y: 2.5 })
  }
  let heard = 0
  port2.on('message', () => {
    window.add(1)
    if (++heard % batchCount !== 0) return
    if (isOver) port1.close()
    else post()
  })
  post()
})
