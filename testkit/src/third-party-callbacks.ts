import { Sink } from '@millrace/core'
import { failingLog, faultKinds, type Scene } from './third-party.ts'
import type { ThirdPartyRow } from './third-party-row.ts'

const everywhere = ['link', 'local'] as const
const linked = ['link'] as const
const lives = { kinds: faultKinds, where: everywhere, told: 'once', victim: 'lives' } as const
const ends = { kinds: faultKinds, where: everywhere, told: 'once', victim: 'ends' } as const

/** Sends one message to the accepting side. */
async function say(scene: Scene): Promise<void> {
  scene.victim.opened.send('x', { id: 1 })
  await scene.pass()
}

/** Asks the accepting side. */
async function ask(scene: Scene): Promise<void> {
  scene.expect(scene.victim.opened.request('x', { id: 1 }))
  await scene.pass()
}

/** Freezes the link of the victim, so that its peer is silent and its queue full. */
function freeze({ rig }: Scene, mode: 'on' | 'off'): void {
  const { opened, accepted } = rig.network.connections[1]
  opened.freeze(mode)
  accepted.freeze(mode)
}

/** Fills the queue of the accepting side. */
function fill(scene: Scene): void {
  const { accepted } = scene.victim
  for (let n = 0; n < 100; n++) scene.call(() => accepted.send('y', { n, text: 'x'.repeat(100) }))
}

const narrow = { highWaterBytes: 300, lowWaterBytes: 100, localQueueMax: 3 }

/** What a program lends to channels and sinks. */
export const channelRows: readonly ThirdPartyRow[] = [
  {
    ...lives,
    name: 'message handler',
    play: (scene, fail) => say(on(scene, (channel) => channel.on('x', fail))),
  },
  {
    ...lives,
    name: 'message handler behind another',
    play: (scene, fail) => say(on(scene, (channel) => channel.on('x', () => {}).on('x', fail))),
  },
  {
    ...lives,
    name: 'request handler',
    play: (scene, fail) => ask(on(scene, (channel) => channel.on('x', fail))),
  },
  {
    ...lives,
    name: 'keyOf',
    play: (scene, fail) => say(on(scene, (channel) => channel.on('x', fail, () => {}))),
  },
  {
    ...lives,
    name: 'keyed handler',
    play: (scene, fail) => say(on(scene, (channel) => channel.on('x', () => 1, fail))),
  },
  {
    ...lives,
    name: 'handler in a map of keys',
    play: (scene, fail) => say(on(scene, (channel) => channel.on('x', () => 1, new Map([[1, fail]])))),
  },
  {
    ...lives,
    name: 'sink filter',
    play: (scene, fail) => say(on(scene, (channel) => new Sink(() => {}).attach(channel as never, fail))),
  },
  {
    ...lives,
    name: 'sink handler',
    play: (scene, fail) => say(on(scene, (channel) => new Sink(fail).attach(channel as never))),
  },
  {
    ...ends,
    name: "channel.on('close')",
    play: (scene, fail) => {
      scene.victim.accepted.on('close', fail)
      scene.expect(scene.victim.opened.close())
    },
  },
  {
    ...ends,
    name: "channel.on('close') of an ended channel",
    play: async (scene, fail) => {
      await scene.rig.until(scene.victim.accepted.close())
      scene.victim.accepted.on('close', fail)
    },
  },
  {
    ...ends,
    name: "channel.on('close') in destroy",
    play: (scene, fail) => {
      scene.victim.accepted.on('close', fail)
      scene.victim.accepted.destroy()
    },
  },
  {
    ...lives,
    where: linked,
    name: 'heartbeat onFail',
    play: async (scene, fail) => {
      scene.victim.accepted.setHeartbeat(100, 300, fail)
      freeze(scene, 'on')
      await scene.pass(400)
      freeze(scene, 'off')
    },
  },
  {
    ...lives,
    told: 'somewhere',
    name: 'topicOf in send',
    setUp: () => ({ accepting: { ...narrow, overflow: 'latest-by-key' } }),
    play: (scene, fail) => {
      scene.victim.accepted.setOverflow('latest-by-key', { topicOf: fail })
      fill(scene)
    },
  },
  {
    ...lives,
    told: 'somewhere',
    name: 'topicOf in broadcast',
    setUp: () => ({ accepting: { ...narrow, overflow: 'latest-by-key' } }),
    play: (scene, fail) => {
      fill(scene)
      scene.victim.accepted.setOverflow('latest-by-key', { topicOf: fail })
      fill(scene)
      scene.accepting.broadcast('y', { text: 'x'.repeat(400) })
    },
  },
]

/** What a program lends to pipes. */
export const pipeRows: readonly ThirdPartyRow[] = [
  {
    ...lives,
    name: "pipe.on('accepted')",
    play: async (scene, fail) => {
      scene.accepting.on('accepted', fail)
      await scene.connect()
    },
  },
  {
    ...lives,
    name: "pipe.on('connected')",
    play: async (scene, fail) => {
      scene.opening.on('connected', fail)
      await scene.connect()
    },
  },
  {
    ...ends,
    name: "pipe.on('close')",
    play: (scene, fail) => {
      scene.accepting.on('close', fail)
      scene.expect(scene.victim.opened.close())
    },
  },
  {
    ...lives,
    name: "pipe.on('destroy')",
    play: async (scene, fail) => {
      const pipe = scene.rig.pipe('server').on('destroy', fail)
      pipe.on('error', (_pipe, error) => void scene.rig.diary(scene.opening).errors.push(error))
      pipe.destroy()
      await scene.pass()
    },
  },
  {
    ...lives,
    told: 'somewhere',
    name: "pipe.on('error')",
    play: (scene, fail) => {
      scene.accepting.on('error', fail)
      scene.victim.accepted.on('x', () => {
        throw new Error('the reason to tell')
      })
      return say(scene)
    },
  },
  {
    ...lives,
    told: 'never',
    name: 'log.error',
    setUp: (fail) => ({ accepting: { log: failingLog('error', fail) } }),
    play: (scene) => {
      scene.victim.accepted.on('x', () => {
        throw new Error('the reason to log')
      })
      return say(scene)
    },
  },
  {
    ...ends,
    told: 'never',
    name: 'log.error as a channel ends',
    setUp: (fail) => ({ accepting: { log: failingLog('error', fail) } }),
    play: (scene) => {
      scene.victim.accepted.on('close', () => {
        throw new Error('the reason to log')
      })
      scene.expect(scene.victim.opened.close())
      scene.expect(scene.victim.accepted.closed)
    },
  },
  ...['pipe.error', 'channel.open', 'channel.close', 'channel.overflow', 'pipe.bound'].map(
    (topic): ThirdPartyRow => ({
      ...ends,
      told: 'never',
      name: `diagnostics ${topic}`,
      setUp: (fail) => {
        const failing = { hasSubscribers: true, publish: fail }
        const quiet = { hasSubscribers: false, publish: () => {} }
        return {
          accepting: narrow,
          opening: narrow,
          diagnostics: { channel: (name) => (name === `millrace:${topic}` ? failing : quiet) },
        }
      },
      play: async (scene) => {
        scene.victim.accepted.on('x', () => {
          throw new Error('the reason to publish')
        })
        fill(scene)
        await say(scene)
        scene.expect(scene.victim.opened.close())
      },
    }),
  ),
  {
    ...lives,
    told: 'never',
    name: 'platform.warn',
    play: (scene, fail) => {
      scene.rig.network.warnings.push = fail
      const lonely = scene.rig.factory.create('net', 'lonely', 'test')
      lonely.on('destroy', () => {
        throw new Error('the reason to warn')
      })
      lonely.destroy()
      return scene.pass()
    },
  },
]

function on(scene: Scene, set: (channel: Scene['victim']['accepted']) => unknown): Scene {
  set(scene.victim.accepted)
  return scene
}
