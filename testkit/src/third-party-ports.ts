import type { CancelSignal } from '@millrace/core'
import { faultKinds, type Scene } from './third-party.ts'
import { live, portEnds, portLives } from './third-party-life.ts'
import type { ThirdPartyRow } from './third-party-row.ts'

/** A method of the accepted link of the victim. */
function linkRow(name: string, more: Partial<ThirdPartyRow> = {}): ThirdPartyRow {
  return {
    ...portEnds,
    name: `link.${name}`,
    play: (scene, fail) => {
      Object.defineProperty(scene.rig.network.connections[1].accepted, name, { value: fail })
      return live(scene)
    },
    ...more,
  }
}

/** The transport. */
export const transportRows: readonly ThirdPartyRow[] = [
  {
    ...portLives,
    kinds: ['throws', 'rejects', 'thenable'],
    name: 'transport.connect',
    play: (scene, fail) => {
      scene.rig.network.connect = fail
      scene.expect(scene.join())
      return scene.pass()
    },
  },
  {
    ...portLives,
    kinds: ['throws', 'rejects', 'thenable'],
    name: 'transport.listen',
    play: (scene, fail) => {
      scene.rig.network.listen = fail
      scene.expect(scene.rig.pipe('elsewhere').bind())
      return scene.pass()
    },
  },
  ...(['close', 'destroy'] as const).map(
    (how): ThirdPartyRow => ({
      ...portLives,
      kinds: ['throws', 'rejects', 'thenable'],
      name: `listener.close in pipe.${how}`,
      play: async (scene, fail) => {
        const { network } = scene.rig
        const listen = network.listen.bind(network)
        network.listen = async (text, owner) => {
          const listener = await listen(text, owner)
          scene.rig.network.strangers.push(() => void listener.close())
          return { address: listener.address, close: fail }
        }
        const pipe = await scene.rig.until(scene.rig.pipe('elsewhere').bind())
        pipe.on('error', (_pipe, error) => void scene.rig.diary(scene.opening).errors.push(error))
        const work = how === 'close' ? pipe.close() : pipe.destroy()
        scene.expect(Promise.resolve(work))
        await scene.pass()
      },
    }),
  ),
  linkRow('start', {
    play: async (scene, fail) => {
      scene.rig.network.connected = ({ accepted }) =>
        Object.defineProperty(accepted, 'start', { value: fail })
      scene.expect(scene.join())
      await scene.pass(3000)
    },
    victim: 'lives',
    kinds: ['throws'],
  }),
  linkRow('send', { kinds: ['throws'] }),
  linkRow('end'),
  linkRow('destroy', {
    play: async (scene, fail) => {
      Object.defineProperty(scene.rig.network.connections[1].accepted, 'destroy', { value: fail })
      scene.call(() => scene.victim.accepted.destroy())
      await scene.pass()
      scene.rig.network.connections[1].cut()
    },
  }),
  ...(['pause', 'resume'] as const).map((name) =>
    linkRow(name, {
      setUp: () => ({
        accepting: { messageSizeMax: 4096, receiveHighWaterBytes: 1000, iteratorQueueMax: 2 },
      }),
      play: (scene, fail) => hold(scene, name, fail),
    }),
  ),
  linkRow('describe', {
    kinds: ['throws'],
    told: 'never',
    play: (scene, fail) => {
      Object.defineProperty(scene.rig.network.connections[1].accepted, 'describe', { value: fail })
      scene.call(() => scene.victim.accepted.describe())
      return live(scene)
    },
  }),
]

/** Signals, cryptography, and the rest of what a platform lends. */
export const platformRows: readonly ThirdPartyRow[] = [
  ...(['addEventListener', 'removeEventListener'] as const).flatMap((method): ThirdPartyRow[] => [
    {
      ...portLives,
      name: `signal.${method} of a request`,
      where: ['link', 'local'],
      play: (scene, fail) => {
        scene.expect(scene.victim.opened.request('echo', 1, { signal: failingSignal(method, fail) }))
        return scene.pass()
      },
    },
    {
      ...portLives,
      name: `signal.${method} of an opening`,
      play: (scene, fail) => {
        scene.expect(scene.opening.open('remote', { signal: failingSignal(method, fail) }))
        return scene.pass()
      },
    },
  ]),
  {
    ...portLives,
    name: 'crypto.random in setEncryption',
    victim: 'either',
    play: async (scene, fail) => {
      scene.rig.network.random.bytes = fail
      const key = new Uint8Array(32).fill(7)
      scene.expect(scene.victim.opened.setEncryption(key))
      scene.expect(scene.victim.accepted.setEncryption(key))
      await scene.pass(5000)
    },
  },
  ...(['authorise at accept', 'authorise at open'] as const).map(
    (name): ThirdPartyRow => ({
      ...portLives,
      kinds: faultKinds,
      where: ['link', 'local'],
      name,
      play: async (scene, fail) => {
        const { rig, where } = scene
        const pair = (fill: number) => scene.rig.network.primitives.dh.pair(new Uint8Array(32).fill(fill))
        const [server, client] = [pair(1), pair(2)]
        const at = name === 'authorise at accept' ? 'accepting' : 'opening'
        const yes = () => true
        const accepting = rig.pipe('sealed', {
          encryption: { pattern: 'XX', identity: server, authorise: at === 'accepting' ? fail : yes },
        })
        const opening = rig.pipe('sealed', {
          encryption: { pattern: 'XX', identity: client, authorise: at === 'opening' ? fail : yes },
        })
        accepting.on('error', (_pipe, error) => void rig.diary(scene.accepting).errors.push(error))
        await rig.until(accepting.bind())
        scene.expect(opening.open(where === 'local' ? 'local' : 'remote'))
        await scene.pass(5000)
      },
    }),
  ),
]

function failingSignal(method: 'addEventListener' | 'removeEventListener', fail: () => never): CancelSignal {
  const quiet = (): void => {}
  return { aborted: false, addEventListener: quiet, removeEventListener: quiet, [method]: fail }
}

/** A reader that is behind until its link rests, and then goes on. */
async function hold(scene: Scene, name: 'pause' | 'resume', fail: () => never): Promise<void> {
  const { opened: sender, accepted: receiver } = scene.victim
  Object.defineProperty(scene.rig.network.connections[1].accepted, name, { value: fail })
  const reader = receiver[Symbol.asyncIterator]()
  scene.expect(
    (async () => {
      for (let n = 0; n < 200; n++) await sender.sendWhenReady('y', 'x'.repeat(2000))
      await sender.close()
    })(),
  )
  await scene.pass(3000)
  scene.expect(
    (async () => {
      while (!(await reader.next()).done);
    })(),
  )
  await scene.pass(20_000)
}
