/** A process that is attacked: it is told to bind, or to open and to send, and reports what came of it. */
import {
  type Channel,
  type CloseReason,
  describeReason,
  MillraceError,
  type Pipe,
  type SendResult,
} from 'millrace'
import { serve } from './child.ts'
import type { Messages } from './contract.ts'
import { boundPlace, type Place, pipeTo, type Settings } from './place.ts'

export type Give = Messages['give']

/** How a channel ended, or why there was none, in the words of the library; without those that say no more than the code. */
export interface End {
  readonly code: string
  readonly text: string
}

/** What the receiver has to say when all is over. */
export interface Report {
  readonly delivered: readonly Give[]
  readonly end: End
}

interface Where {
  readonly place: Place
  readonly settings: Settings
}

const countTimeoutMs = 2000

let pipe: Pipe<Messages> | undefined
let channel: Channel<Messages> | undefined
let report: Promise<Report> | undefined

const tasks = {
  /** The receiver: waits for one channel. */
  async bind({ place, settings }: Where): Promise<Place> {
    const bound = pipeTo(place, 'node', settings)
    pipe = bound
    const delivered: Give[] = []
    bound.on('accepted', (_pipe, accepted) => {
      accepted.on('give', (message) => void delivered.push(message))
      accepted.on('count', () => ({ given: delivered.length }))
    })
    report = new Promise((resolve) => {
      bound.on('close', (_pipe, _channel, reason) => resolve({ delivered, end: endOf(reason) }))
      bound.on('error', (_pipe, error) => resolve({ delivered, end: failureOf(error) }))
    })
    return boundPlace(place, await bound.bind())
  },

  /** The receiver: what it got. Resolves when its channel has ended, or was refused. */
  async report(_: undefined): Promise<Report> {
    if (report === undefined || pipe === undefined) throw new Error('nothing is bound')
    const all = await report
    await pipe[Symbol.asyncDispose]()
    return all
  },

  /** The sender: opens a channel, or says why it could not. */
  async open({ place, settings }: Where): Promise<End | undefined> {
    try {
      channel = await pipeTo(place, 'node', settings).open()
      return undefined
    } catch (error) {
      return failureOf(error)
    }
  },

  give(message: Give): SendResult {
    return channel?.send('give', message) ?? 'closed'
  },

  /** The sender: waits until all has arrived, closes its channel if it still can, and says how that ended. */
  async close(_: undefined): Promise<End> {
    if (channel === undefined) throw new Error('nothing is open')
    try {
      await channel.request('count', {}, { timeoutMs: countTimeoutMs })
    } catch (error) {
      // A channel that has ended answers nothing; how it ended is told below.
      if (channel.isOpen) throw error
    }
    return endOf(await channel.close('all said'))
  },
}

export type VictimTasks = typeof tasks

serve(tasks, () => pipe?.[Symbol.asyncDispose]())

function endOf(reason: CloseReason): End {
  return { code: reason.code, text: shortened(describeReason(reason)) }
}

function failureOf(error: unknown): End {
  if (!(error instanceof MillraceError)) throw error
  // It begins with where it was: another port every time.
  const text = error.message.replace(/^.* did not become a channel: /, '')
  return { code: error.code, text: shortened(text) }
}

function shortened(text: string): string {
  return text.replace(/^the encryption failed: /, '')
}
