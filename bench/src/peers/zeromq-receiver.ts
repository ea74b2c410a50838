import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'
import { loadZeromq, portOf } from './zeromq.ts'

/** Counts messages of a zeromq.js PULL socket. */
work<ThroughputOptions>(async (options, parent) => {
  const { Pull } = await loadZeromq()
  const pull = new Pull({ linger: 0 })
  const window = new Window(options, 256, (measurement) => parent.result(measurement))
  await pull.bind('tcp://127.0.0.1:*')
  await parent.ready({ port: portOf(pull.lastEndpoint) })
  for await (const _message of pull) window.add(1)
})
