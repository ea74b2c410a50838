import { expect, it } from 'vitest'
import { World } from '../world/world.ts'
import { Weather } from './weather.ts'

it('conditions that overlap end each at their time, and leave nothing behind', () => {
  const world = new World({ net: { delayMs: [5, 6], loss: 0.01 } })
  const [server, player] = [world.host('server'), world.host('player')]
  const { there, back } = world.between(player, server)
  const before = { there: there.conditions, back: back.conditions }
  const weather = new Weather(world, server)
  const first = weather.begin(player, 'both', { delayMs: [900, 1000], loss: 0.3 })
  const second = weather.begin(player, 'there', { delayMs: 40 })
  expect([there.conditions.delayMs, there.conditions.loss]).toEqual([[40, 40], 0.3])
  first()
  expect([there.conditions.delayMs, there.conditions.loss]).toEqual([[40, 40], 0.01])
  expect(back.conditions).toEqual(before.back)
  second()
  expect(there.conditions).toEqual(before.there)
})
