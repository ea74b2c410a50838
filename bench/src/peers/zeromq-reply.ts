import { work } from '../worker-side.ts'
import { boundSecurity, loadZeromq, portOf, type ZeromqSecurity } from './zeromq.ts'

/** Sends every request back. */
work<ZeromqSecurity>(async (options, parent) => {
  const { Reply } = await loadZeromq()
  const reply = new Reply({ linger: 0, ...boundSecurity(options) })
  await reply.bind('tcp://127.0.0.1:*')
  await parent.ready({ port: portOf(reply.lastEndpoint) })
  parent.result({})
  for await (const [body] of reply) await reply.send(body)
})
