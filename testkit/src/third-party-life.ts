import type { Scene } from './third-party.ts'

/** A port of a channel over a link that fails: its channel ends. */
export const portEnds = {
  kinds: ['throws', 'rejects'],
  where: ['link'],
  told: 'somewhere',
  victim: 'ends',
} as const

/** Something that fails before there is a channel, or apart from it. */
export const portLives = { kinds: ['throws'], where: ['link'], told: 'somewhere', victim: 'lives' } as const

/** Everything that happens to a channel in its life, so that every method of its session is called. */
export async function live(scene: Scene): Promise<void> {
  const { victim } = scene
  for (const channel of [victim.opened, victim.accepted]) {
    scene.call(() => channel.send('x', 1))
    scene.expect(channel.request('echo', 1))
    scene.expect(channel.request('nobody', 1))
    scene.call(() => channel.setHeartbeat(50, 200))
  }
  scene.call(() => scene.accepting.broadcast('x', 2))
  await scene.pass(300)
  for (const channel of [victim.opened, victim.accepted]) scene.expect(channel.closed)
  scene.call(() => victim.accepted.close())
  await scene.pass()
}
