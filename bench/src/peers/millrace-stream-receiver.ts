import { work } from '../worker-side.ts'
import { machineMs, type StreamOptions, streamPipe } from './stream.ts'

/** Hears the moments of a sender, and measures how late they are. */
work<StreamOptions>(async (options, parent) => {
  const pipe = streamPipe(0, options)
  const late: number[] = []
  let beginMs = 0
  let isOver = false
  const hear = (sentAt: number) => {
    if (beginMs === 0) beginMs = sentAt + options.warmupMs
    if (isOver || sentAt < beginMs) return
    if (sentAt < beginMs + options.measureMs) {
      late.push(machineMs() - sentAt)
      return
    }
    isOver = true
    late.sort((one, two) => one - two)
    const at = (share: number) => late[Math.floor(late.length * share)] * 1e6
    parent.result({ medianNs: at(0.5), p99Ns: at(0.99), arrived: late.length })
  }
  pipe.on('accepted', (_pipe, channel) => channel?.on('moment', ({ sentAt }) => hear(sentAt)))
  await pipe.bind()
  await parent.ready({ port: (pipe.address as unknown as { port: number }).port })
})
