/** The receiving process of a row: counts messages and channels, sends back what it is asked to, and says what it counted. */
import type { Pipe } from 'millrace'
import { serve } from './child.ts'
import type { Messages } from './contract.ts'
import { type BackEnd, boundPlace, type Place, pipeTo, type Settings } from './place.ts'

/** What is bound: one pipe for messages, and one for nothing but handshakes. */
export interface Bound<Where> {
  readonly messages: Where
  readonly handshakes: Where
}

/** How one side of a row encrypts, and by which back end. */
export interface Side {
  readonly backEnd: BackEnd
  readonly settings: Bound<Settings>
}

const pipes: Pipe<Messages>[] = []
let accepted = 0

const tasks = {
  async bind({ backEnd, settings, places }: Side & { places: Bound<Place> }): Promise<Bound<Place>> {
    const handshakes = pipeTo(places.handshakes, backEnd, settings.handshakes)
    handshakes.on('accepted', () => {
      accepted++
    })
    const messages = pipeTo(places.messages, backEnd, settings.messages)
    countMessages(messages)
    pipes.push(messages, handshakes)
    await Promise.all(pipes.map((pipe) => pipe.bind()))
    return {
      messages: boundPlace(places.messages, messages),
      handshakes: boundPlace(places.handshakes, handshakes),
    }
  },
}

export type ReceiverTasks = typeof tasks

serve(tasks, () => Promise.all(pipes.map((pipe) => pipe[Symbol.asyncDispose]())))

function countMessages(pipe: Pipe<Messages>): void {
  pipe.on('accepted', (_pipe, channel) => {
    let messages = 0
    let isEchoing = false
    channel.on('move', (body) => {
      messages++
      if (isEchoing) channel.send('move', body)
    })
    channel.on('blob', (body) => {
      messages++
      if (isEchoing) channel.send('blob', body)
    })
    channel.on('mark', ({ echo }) => {
      isEchoing = echo
      const { user, system } = process.cpuUsage()
      return { messages, accepted, cpuMicroseconds: user + system }
    })
  })
}
