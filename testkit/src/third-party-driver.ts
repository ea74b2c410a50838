import type { AnyMessages, Channel, Driver, Pipe, Runnable } from '@millrace/core'
import { faultKinds, type Scene } from './third-party.ts'
import type { ThirdPartyRow } from './third-party-row.ts'

/** The other pipes have no driver: nothing of this may reach them. */
const base = { kinds: faultKinds, where: ['link', 'local'], told: 'somewhere', victim: 'lives' } as const

/** A pipe with this driver, and all that can happen to its channel. Every promise of it must settle, and its peer must hear of the end. */
async function drive(scene: Scene, ready: (runnable: Runnable) => void): Promise<Pipe<AnyMessages>> {
  const { rig } = scene
  const driver: Driver = { ready }
  const accepting = rig.pipe('driven', { drive: driver })
  const opening = rig.pipe('driven', { drive: driver })
  accepting.on('accepted', (_pipe, channel) => live(scene, channel))
  for (const pipe of [accepting, opening])
    pipe.on('error', (_pipe, error) => void rig.diary(scene.accepting).errors.push(error))
  await rig.until(accepting.bind())
  const opened = opening.open(scene.where === 'local' ? 'local' : 'remote')
  scene.expect(opened.then((channel) => live(scene, channel)))
  await scene.pass(5000)
  for (const pipe of [accepting, opening]) scene.expect(pipe.close())
  await scene.pass(5000)
  for (const pipe of [accepting, opening]) pipe.process()
  return accepting
}

function live(scene: Scene, channel: Channel<AnyMessages>): void {
  channel.on('echo', (body: unknown) => body)
  channel.setHeartbeat(50, 200)
  scene.call(() => channel.send('x', 1))
  scene.expect(channel.request('echo', 1, { timeoutMs: 500 }))
  scene.expect(channel.closed)
}

/** Gives a turn `ms` from now, at a time that may be wrong by `skewMs`. */
function later({ rig: { loop } }: Scene, runnable: Runnable, ms: number, skewMs = 0): void {
  loop.wakeAt(loop.now() + ms, () => runnable.process(loop.now() + skewMs))
}

/** The driver that gives turns to pipes. */
export const driverRows: readonly ThirdPartyRow[] = [
  {
    ...base,
    name: 'driver.ready, and no turn ever',
    play: (scene, fail) => drive(scene, fail),
  },
  {
    ...base,
    name: 'driver.ready, and a turn at once',
    play: (scene, fail) =>
      drive(scene, (runnable) => {
        runnable.process(scene.rig.loop.now())
        return fail()
      }),
  },
  ...[1, 700, 4000].map(
    (ms): ThirdPartyRow => ({
      ...base,
      name: `driver.ready, and two turns ${ms} ms later`,
      play: (scene, fail) =>
        drive(scene, (runnable) => {
          later(scene, runnable, ms)
          later(scene, runnable, ms)
          return fail()
        }),
    }),
  ),
  ...[-1e9, 1e9].map(
    (skewMs): ThirdPartyRow => ({
      ...base,
      name: `driver.ready, and a turn ${skewMs} ms away`,
      play: (scene, fail) =>
        drive(scene, (runnable) => {
          later(scene, runnable, 1, skewMs)
          later(scene, runnable, 2)
          return fail()
        }),
    }),
  ),
]
