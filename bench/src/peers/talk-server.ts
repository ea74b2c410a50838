import { describeReason } from 'millrace'
import { noTalk, Talk, type TalkOptions, talkPipe } from '../campaign/talk.ts'
import { summaryOf, tickMs } from '../campaign/talk-side.ts'
import { work } from '../worker-side.ts'

/** Talks on each channel until its client has said everything; then it says how much that was. */
work<TalkOptions>(async (options, parent) => {
  const pipe = talkPipe(options, 0)
  const counts = noTalk()
  const late: number[] = []
  const fault = (what: string) => {
    counts.faults++
    process.stderr.write(`${options.name}, server: ${what}\n`)
  }
  pipe.on('error', (_pipe, _channel, error) =>
    process.stderr.write(`${options.name}, server: error ${String(error)}\n`),
  )
  pipe.on('accepted', (_pipe, channel) => {
    if (channel === undefined) return
    counts.channels++
    const talk = new Talk(channel, counts, late, fault)
    const begin = performance.now()
    const ticks = setInterval(() => talk.say(performance.now() - begin), tickMs)
    let isOver = false
    void talk.hasAll.then(async () => {
      clearInterval(ticks)
      isOver = true
      await talk.conclude()
    })
    channel.on('close', (reason) => {
      clearInterval(ticks)
      if (reason.code === 'heartbeat-timeout') counts.heartbeatEnds++
      else if (reason.code !== 'closed' || reason.by !== 'remote' || reason.why !== 'closed') {
        counts.otherEnds++
        process.stderr.write(`${options.name}, server: a channel ended: ${describeReason(reason)}\n`)
      } else if (!isOver) fault('a channel was closed before all was here')
    })
  })
  await pipe.bind()
  await parent.ready({ port: (pipe.address as unknown as { port: number }).port })
  setTimeout(() => parent.result({ ...counts, ...summaryOf(late) }), options.measureMs)
})
