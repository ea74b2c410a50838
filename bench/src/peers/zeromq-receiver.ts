import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { ThroughputOptions } from './throughput-options.ts'
import { boundSecurity, loadZeromq, portOf, type ZeromqSecurity } from './zeromq.ts'

/** Counts messages of a zeromq.js PULL socket. */
work<ThroughputOptions & ZeromqSecurity>(async (options, parent) => {
  const { Pull } = await loadZeromq()
  const pull = new Pull({ linger: 0, ...boundSecurity(options) })
  const window = new Window(options, 256, (measurement) => parent.result(measurement))
  await pull.bind('tcp://127.0.0.1:*')
  await parent.ready({ port: portOf(pull.lastEndpoint) })
  for await (const _message of pull) window.add(1)
})
