import { type CloseReason, describeReason } from 'millrace'
import { noTalk, Talk, type TalkOptions, talkPipe } from '../campaign/talk.ts'
import { summaryOf, tickMs } from '../campaign/talk-side.ts'
import { work } from '../worker-side.ts'

/** How long the channels live that are opened one after another beside the long one, in milliseconds. */
const shortMs = 5000

/** Before the end, for what is said to arrive and for goodbyes, in milliseconds. */
const restMs = 45_000

/** One channel for the whole time, and short ones beside it. One that breaks is followed by another. */
work<TalkOptions & { port: number }>(async (options, parent) => {
  const { port, measureMs } = options
  const pipe = talkPipe(options, port)
  const counts = noTalk()
  const opens = { openFailures: 0, unfinished: 0 }
  const late: number[] = []
  const fault = (what: string) => {
    counts.faults++
    process.stderr.write(`${options.name}, client: ${what}\n`)
  }
  const ended = (reason: CloseReason) => {
    if (reason.code === 'heartbeat-timeout') counts.heartbeatEnds++
    else if (reason.code !== 'closed' || reason.by !== 'local') {
      counts.otherEnds++
      process.stderr.write(`${options.name}, client: a channel ended: ${describeReason(reason)}\n`)
    }
  }
  const talkFor = async (ms: number) => {
    const channel = await pipe.open()
    counts.channels++
    channel.on('close', ended)
    const talk = new Talk(channel, counts, late, fault)
    const begin = performance.now()
    while (performance.now() < begin + ms && channel.isOpen) {
      talk.say(performance.now() - begin)
      await new Promise((resolve) => setTimeout(resolve, tickMs))
    }
    if ((await talk.conclude()) === 'all') await channel.close('all is said')
    else opens.unfinished++
  }
  await parent.ready()
  const end = performance.now() + measureMs
  const keepTalking = async (ms: number) => {
    for (let left = measureMs - restMs; left > 0; left = end - restMs - performance.now()) {
      try {
        await talkFor(Math.min(ms, left))
      } catch (error) {
        opens.openFailures++
        process.stderr.write(`${options.name}, client: ${String(error)}\n`)
        await new Promise((resolve) => setTimeout(resolve, 1000))
      }
    }
  }
  await Promise.all([keepTalking(Number.POSITIVE_INFINITY), keepTalking(shortMs)])
  parent.result({ ...counts, ...opens, ...summaryOf(late) })
})
