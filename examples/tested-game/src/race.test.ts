import { World } from '@millrace/sim'
import { bits } from 'millrace'
import { expect, it } from 'vitest'
import { race, serve } from './race.ts'

it.each([1, 2, 3])('a car leaves when its player is out of range: seed %i', async (seed) => {
  const world = new World({ seed, net: 'bad-wifi' })
  const [server, ada, bob] = [world.host('server'), world.host('ada'), world.host('bob')]
  const timer = server.timer()
  const pipe = await world.until(serve(server.factory(), timer, 'server', 7777))
  const open = (host: typeof ada) =>
    world.until(host.factory().add('race', bits(race)).create('tcp', 'server', 7777, 'race').open())
  const [near, far] = [await open(bob), await open(ada)]
  let seen: readonly number[] = []
  near.on('cars', (cars) => void (seen = cars.map(({ x }) => x)))
  for (let steps = 0; steps < 100; steps++) far.send('steer', { dx: 1 })
  await world.run(3000)
  expect(seen).toEqual([0, 100]) // all 100 steps came, whatever the network did
  world.isolate('ada') // the connection is gone, and nothing says so
  await world.run(20_000)
  expect(seen).toEqual([0]) // the heartbeat did
  world.heal()
  near.destroy()
  pipe.destroy()
  timer.close()
  await world.end() // throws if anything is left: a timer, a link, memory
})
