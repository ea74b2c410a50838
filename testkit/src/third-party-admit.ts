import type { AnyMessages, Pipe, PipeOptions } from '@millrace/core'
import { faultKinds, quietKinds, type Scene } from './third-party.ts'
import type { ThirdPartyRow } from './third-party-row.ts'

const anyKind = [...faultKinds, ...quietKinds]
const base = { kinds: anyKind, where: ['link', 'local'], told: 'never', victim: 'lives' } as const

/** Knocks at a pipe that must not admit it. */
async function knock(scene: Scene, accepting: Pipe<AnyMessages>, opening: Pipe<AnyMessages>): Promise<void> {
  const count = accepting.channelCount
  const where = scene.where === 'local' ? 'local' : 'remote'
  scene.expect(opening.open(where, { data: Uint8Array.of(1) }))
  await scene.pass(5000)
  if (accepting.channelCount > count) throw new Error('a stranger was admitted')
}

/** Another pipe, which asks this function, and a stranger at its door. */
async function guard(scene: Scene, admit: (pipe: Pipe<AnyMessages>) => Promise<boolean>): Promise<void> {
  const { rig } = scene
  const options: PipeOptions = { admit: () => admit(accepting) }
  const accepting: Pipe<AnyMessages> = rig.pipe('guarded', options)
  accepting.on('error', (_pipe, error) => void rig.diary(scene.accepting).errors.push(error))
  await rig.until(accepting.bind())
  await knock(scene, accepting, rig.pipe('guarded'))
}

function sleep({ rig }: Scene, ms: number): Promise<void> {
  return new Promise((resolve) => rig.loop.wakeAt(rig.loop.now() + ms, resolve))
}

/** For one stranger alone. */
const setUp: ThirdPartyRow['setUp'] = (fail) => ({
  accepting: { admit: (data) => data.length === 0 || fail() },
})

/** The function that admits channels. */
export const admitRows: readonly ThirdPartyRow[] = [
  {
    ...base,
    name: 'admit',
    kinds: faultKinds,
    told: 'once',
    setUp,
    play: (scene) => knock(scene, scene.accepting, scene.opening),
  },
  {
    ...base,
    name: 'admit',
    kinds: quietKinds,
    setUp,
    play: (scene) => knock(scene, scene.accepting, scene.opening),
  },
  {
    ...base,
    name: 'admit, when it is too late',
    kinds: faultKinds,
    told: 'once',
    play: (scene, fail) =>
      guard(scene, async () => {
        await sleep(scene, 3000)
        return fail()
      }),
  },
  ...(['close', 'destroy'] as const).flatMap((how): ThirdPartyRow[] => [
    {
      ...base,
      name: `admit that calls ${how} of its pipe`,
      play: (scene, fail) =>
        guard(scene, (pipe) => {
          scene.expect(Promise.resolve(pipe[how]()))
          return fail()
        }),
    },
    ...[0, 3000].map(
      (ms): ThirdPartyRow => ({
        ...base,
        name: `admit that calls ${how} of its pipe, ${ms} ms later`,
        play: (scene, fail) =>
          guard(scene, async (pipe) => {
            scene.expect(Promise.resolve(pipe[how]()))
            await sleep(scene, ms)
            return fail()
          }),
      }),
    ),
  ]),
  {
    ...base,
    name: 'admit that uses its pipe',
    play: (scene, fail) =>
      guard(scene, (pipe) => {
        pipe.process()
        pipe.flush()
        pipe.broadcast('x', 1)
        pipe.setMaxOpenChannels(1)
        scene.victim.opened.send('x', 1)
        scene.expect(pipe.bind())
        return fail()
      }),
  },
]
