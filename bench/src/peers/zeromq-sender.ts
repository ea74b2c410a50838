import { Window } from '../window.ts'
import { work } from '../worker-side.ts'
import type { DialerOptions } from './throughput-options.ts'
import { connectedSecurity, loadZeromq, type ZeromqSecurity } from './zeromq.ts'

/** Sends through a zeromq.js PUSH socket; its promise is the backpressure. */
work<DialerOptions & ZeromqSecurity>(async (options, parent) => {
  const { Push } = await loadZeromq()
  const push = new Push({ linger: 0, ...(await connectedSecurity(options)) })
  const window = new Window(options, 256, (measurement) => parent.result(measurement))
  push.connect(`tcp://127.0.0.1:${options.port}`)
  const body = Buffer.alloc(options.size, 7)
  await parent.ready()
  while (!window.isDone) {
    for (let index = 0; index < 64; index++) await push.send(body)
    window.add(64)
  }
  push.close()
})
