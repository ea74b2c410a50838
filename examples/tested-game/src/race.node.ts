import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from '@millrace/sim'
import { bits } from 'millrace'
import { race, serve } from './race.ts'

test('a server that comes up again serves those who open anew', async () => {
  const world = new World({ seed: 7, net: 'lte' })
  const [server, player] = [world.host('server'), world.host('player')]
  await world.until(serve(server.factory(), server.timer(), 'server', 7777))
  const game = player.factory().add('race', bits(race)).create('tcp', 'server', 7777, 'race')
  const before = await world.until(game.open())
  server.crash()
  await world.run(30_000)
  assert.equal(before.reason?.code, 'heartbeat-timeout')
  server.restart()
  const timer = server.timer()
  const pipe = await world.until(serve(server.factory(), timer, 'server', 7777))
  const channel = await world.until(game.open())
  const cars = await world.until(new Promise((resolve) => channel.on('cars', resolve)))
  assert.deepEqual(cars, [{ id: 1, x: 0 }])
  await world.until(Promise.all([game.close(), pipe.close()]))
  timer.close()
  await world.end()
})
