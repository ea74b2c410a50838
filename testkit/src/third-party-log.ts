import { type Log, type LogLevel, Sink } from '@millrace/core'
import { faultKinds } from './third-party.ts'
import type { ThirdPartyRow } from './third-party-row.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const
const base = { kinds: faultKinds, where: ['link', 'local'], told: 'warned', victim: 'lives' } as const

/** A log that fails at every level, and so at every call. */
function failingAlways(fail: () => never): Log {
  return { debug: fail, info: fail, warn: fail, error: fail }
}

type Speaker = { log(level: LogLevel, text: string): void }

/** Writes three lines of each level: the program that asks for them notices nothing. */
function write(speaker: Speaker): void {
  for (let count = 0; count < 3; count++) for (const level of levels) speaker.log(level, 'a line')
}

const setUp: ThirdPartyRow['setUp'] = (fail) => ({ accepting: { log: failingAlways(fail) } })

/** The log of a pipe, wherever lines come from. */
export const logRows: readonly ThirdPartyRow[] = [
  {
    ...base,
    name: 'pipe.log',
    setUp,
    play: (scene) => write(scene.accepting),
  },
  {
    ...base,
    name: 'channel.log',
    setUp,
    play: (scene) => write(scene.victim.accepted),
  },
  {
    ...base,
    name: 'the log of a pipe, at errors of its own',
    setUp,
    play: async (scene) => {
      scene.victim.accepted.on('x', () => {
        throw new Error('the reason to log')
      })
      for (let count = 0; count < 3; count++) scene.victim.opened.send('x', 1)
      await scene.pass()
    },
  },
  {
    ...base,
    name: 'the log of a pipe, from all sides',
    setUp,
    play: async (scene) => {
      write(scene.accepting)
      write(scene.victim.accepted)
      write(scene.bystander.accepted)
      scene.victim.accepted.on('x', () => {
        throw new Error('the reason to log')
      })
      scene.victim.opened.send('x', 1)
      await scene.pass()
    },
  },
  ...(['before', 'behind'] as const).map(
    (moment): ThirdPartyRow => ({
      ...base,
      told: 'once',
      name: `sink.log, called ${moment} attach`,
      play: async (scene, fail) => {
        const sink = new Sink(() => {}, { log: failingAlways(fail) })
        if (moment === 'before') write(sink)
        sink.attach(scene.victim.accepted as never)
        write(sink)
        await scene.pass()
        write(sink)
      },
    }),
  ),
]
