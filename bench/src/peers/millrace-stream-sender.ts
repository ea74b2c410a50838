import { work } from '../worker-side.ts'
import { machineMs, type StreamOptions, streamPipe } from './stream.ts'

const tickMs = 1000 / 60

/** The receiver may begin its window so much later. */
const graceMs = 1000

/** Says the moment 60 times a second. */
work<StreamOptions & { port: number }>(async (options, parent) => {
  const channel = await streamPipe(options.port, options).open()
  await parent.ready()
  const rest = new Uint8Array(48)
  const end = machineMs() + options.warmupMs + options.measureMs + graceMs
  for (let at = machineMs(); at < end; at += tickMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - machineMs())))
    channel.send('moment', { sentAt: machineMs(), rest })
  }
  parent.result({})
})
