import { type AnyMessages, KeyTable, type Pipe, type Protocol } from '@millrace/core'
import { live, portEnds, portLives } from './third-party-life.ts'
import type { ThirdPartyRow } from './third-party-row.ts'

/** The bystander has sessions 0 and 1, the victim 2 (opened) and 3 (accepted). */
const accepted = 'session 3'
const opened = 'session 2'

/** A method of a session, or a property, that fails for the victim alone. */
function sessionRow(name: string, more: Partial<ThirdPartyRow> = {}): ThirdPartyRow {
  return {
    ...portEnds,
    name: `session.${name}`,
    play: (scene, fail) => {
      scene.armed = { part: `${accepted}.${name}`, fail }
      return live(scene)
    },
    ...more,
  }
}

/** Methods that return nothing may as well be async. */
const voids = ['receive', 'process', 'ping', 'goodbye', 'release'] as const
const others = ['encode', 'encodeRequest', 'encodeReply', 'encodeFault'] as const

/** The session of a protocol that owns its bytes. */
export const sessionRows: readonly ThirdPartyRow[] = [
  {
    ...portLives,
    name: 'protocol.session as a channel opens',
    play: (scene, fail) => {
      const failOnce = (): never => {
        scene.armed = undefined
        return fail()
      }
      scene.armed = { part: 'session', fail: failOnce }
      scene.expect(scene.join())
      return scene.pass()
    },
  },
  {
    ...portLives,
    name: 'protocol.session as a link is accepted',
    play: async (scene, fail) => {
      const link = scene.rig.network.connect('net://server')
      scene.armed = { part: 'session', fail }
      await scene.pass()
      const stranger = await link
      stranger.start({ received() {}, sent() {}, ended() {}, gone() {} })
      scene.rig.network.strangers.push(() => stranger.destroy())
    },
  },
  {
    ...portEnds,
    name: 'session.start',
    victim: 'lives',
    play: (scene, fail) => {
      scene.armed = { part: 'session 5.start', fail }
      scene.expect(scene.join())
      return scene.pass(3000)
    },
  },
  ...voids.map((name) => sessionRow(name)),
  ...others.map((name) => sessionRow(name, { kinds: ['throws'] })),
  sessionRow('stored (read)', {
    kinds: ['throws'],
    play: (scene, fail) => {
      // The rig reads it as well.
      scene.rig.loop.checks.length = 0
      scene.armed = { part: `${accepted}.stored (read)`, fail }
      return live(scene)
    },
  }),
  sessionRow('encodeShared', {
    kinds: ['throws'],
    victim: 'lives',
    play: async (scene, fail) => {
      // The first channel encodes for all.
      scene.armed = { part: 'session 1.encodeShared', fail }
      scene.call(() => scene.accepting.broadcast('x', 1))
      await scene.pass()
    },
  }),
  sessionRow('linkEnded', {
    kinds: ['throws'],
    play: async (scene, fail) => {
      scene.armed = { part: `${accepted}.linkEnded`, fail }
      scene.rig.network.connections[1].opened.end()
      await scene.pass()
    },
  }),
  sessionRow('release as its pipe is destroyed', {
    kinds: ['throws'],
    victim: 'either',
    play: (scene, fail) => {
      scene.armed = { part: `${opened}.release`, fail }
      scene.call(() => scene.victim.opened.destroy())
    },
  }),
  ...['encodeCipherStep', 'takeRest', 'clearPhase'].map((name) =>
    sessionRow(name, {
      kinds: ['throws'],
      play: async (scene, fail) => {
        scene.armed = { part: `${accepted}.${name}`, fail }
        const key = new Uint8Array(32).fill(7)
        scene.expect(scene.victim.opened.setEncryption(key))
        scene.expect(scene.victim.accepted.setEncryption(key))
        await scene.pass(5000)
      },
    }),
  ),
]

/** A codec: a method that fails while the victim says something. */
export const codecRows: readonly ThirdPartyRow[] = [
  ...(['sizeBound', 'encode'] as const).flatMap((method): ThirdPartyRow[] => [
    {
      ...portLives,
      name: `codec.${method} in send`,
      play: (scene, fail) => {
        scene.armed = { part: `codec.${method}`, fail }
        scene.call(() => scene.victim.opened.send('x', 1))
        return scene.pass()
      },
    },
    {
      ...portLives,
      name: `codec.${method} in request`,
      play: (scene, fail) => {
        scene.armed = { part: `codec.${method}`, fail }
        scene.expect(scene.victim.opened.request('echo', 1))
        return scene.pass()
      },
    },
    {
      ...portLives,
      told: 'once',
      name: `codec.${method} in a reply`,
      play: (scene, fail) => {
        scene.victim.accepted.on('x', () => {
          scene.armed = { part: `codec.${method}`, fail }
          return 1
        })
        scene.expect(scene.victim.opened.request('x', 1))
        return scene.pass()
      },
    },
    {
      ...portLives,
      name: `codec.${method} in broadcast`,
      play: (scene, fail) => {
        scene.armed = { part: `codec.${method}`, fail }
        scene.call(() => scene.accepting.broadcast('x', 1))
        return scene.pass()
      },
    },
  ]),
  ...(['decode', 'replyNumber'] as const).map(
    (method): ThirdPartyRow => ({
      ...portEnds,
      victim: 'either',
      kinds: ['throws'],
      name: `codec.${method}`,
      play: (scene, fail) => {
        scene.armed = { part: `codec.${method}`, fail }
        scene.call(() => scene.victim.opened.send('x', 1))
        scene.expect(scene.victim.opened.request('echo', 1))
        return scene.pass()
      },
    }),
  ),
]

/** Sessions of datagrams. */
export const datagramRows: readonly ThirdPartyRow[] = [
  ...(['receive', 'process', 'deadline', 'datagrams'] as const).map(
    (method): ThirdPartyRow => ({
      ...portLives,
      kinds: method === 'receive' || method === 'process' ? ['throws', 'rejects'] : ['throws'],
      name: `datagram session: ${method}`,
      play: async (scene, fail) => {
        const { rig } = scene
        const session = { receive: () => {}, process: () => {}, [method]: fail }
        const datagrams = method === 'datagrams' ? fail : () => session
        const protocol = { kind: 'protocol', label: 'grams', keys: KeyTable.open(), datagrams } as const
        const factory = rig.factory.add('grams', protocol as Protocol<AnyMessages>)
        const pipe = rig.watch(factory.create('gram', 'place', 'grams') as unknown as Pipe<AnyMessages>)
        scene.expect(pipe.bind())
        pipe.on('error', (_pipe, error) => void scene.caught.push(error))
        const socket = await rig.until(rig.network.datagramSocket('gram://client', () => {}))
        await scene.pass()
        socket.send(new Uint8Array(3), { text: 'gram://place' })
        await scene.pass()
      },
    }),
  ),
]
