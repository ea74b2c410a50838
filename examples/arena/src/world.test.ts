import { describe, expect, it } from 'vitest'
import { dice, distance, isInside, type Player, World, walls, worldHeight, worldWidth } from './world.ts'

const seed = 20_240_611
const tickSeconds = 1 / 30

/** A world in which everyone runs about at random for so many ticks. */
function played(ticks: number): World {
  const random = dice(seed)
  const world = new World(random)
  for (let index = 0; index < 60; index++) world.join(`player ${index}`)
  for (let tick = 0; tick < ticks; tick++) {
    for (const player of world.players.values()) {
      if (tick % 20 === 0) world.steer(player, { x: random() * 2 - 1, y: random() * 2 - 1 }, tick % 256)
    }
    world.step(tickSeconds)
  }
  return world
}

/** Puts a player somewhere, at rest. */
function put(player: Player, x: number, y: number): Player {
  return Object.assign(player, { x, y, velocity: { x: 0, y: 0 }, wish: { x: 0, y: 0 } })
}

function fresh(): World {
  return new World(dice(seed))
}

describe(`the world (seed ${seed})`, () => {
  it('goes the same way again with the same dice', () => {
    const [one, other] = [played(300), played(300)]
    expect([...one.players.values()]).toEqual([...other.players.values()])
    expect(one.pelletsEaten).toBeGreaterThan(0)
    expect(one.catches).toBeGreaterThan(0)
  })

  it('keeps everyone inside and out of the walls', () => {
    for (const player of played(600).players.values()) {
      expect(player.x).toBeGreaterThan(0)
      expect(player.x).toBeLessThan(worldWidth)
      expect(player.y).toBeGreaterThan(0)
      expect(player.y).toBeLessThan(worldHeight)
      expect(walls.filter((wall) => isInside(wall, player))).toEqual([])
    }
  })

  it('moves a player where it wants to go, no faster than allowed', () => {
    const world = fresh()
    world.join('hunter')
    const runner = put(world.join('runner'), 10, 60)
    world.steer(runner, { x: 1000, y: 0 }, 7)
    for (let tick = 0; tick < 30; tick++) world.step(tickSeconds)
    expect(runner.input).toBe(7)
    expect(runner.y).toBe(60)
    expect(runner.x).toBeGreaterThan(15)
    expect(runner.x).toBeLessThan(10 + 15)
  })

  it('lets a player slide along a wall', () => {
    const [wall] = walls
    const world = fresh()
    const player = put(world.join('player'), wall.left - 3, wall.top + 10)
    world.steer(player, { x: 1, y: 1 }, 0)
    for (let tick = 0; tick < 30; tick++) world.step(tickSeconds)
    expect(player.x).toBeCloseTo(wall.left - 0.8, 5)
    expect(player.y).toBeGreaterThan(wall.top + 13)
  })

  it('feeds a runner that reaches a pellet, and puts the pellet elsewhere', () => {
    const world = fresh()
    world.join('hunter')
    const [pellet] = world.pellets
    const runner = put(world.join('runner'), pellet.x, pellet.y)
    world.step(tickSeconds)
    expect(runner.score).toBeGreaterThan(0)
    expect(distance(world.pellets[0], runner)).toBeGreaterThan(1.6)
  })

  it('takes a caught runner out until it respawns', () => {
    const world = fresh()
    const hunter = put(world.join('hunter'), 5, 60)
    const runner = put(world.join('runner'), 6, 60)
    expect([hunter.role, runner.role]).toEqual(['hunter', 'runner'])
    expect(world.step(tickSeconds)).toEqual([{ runner, hunter }])
    expect(runner.role).toBe('out')
    expect(world.step(tickSeconds)).toEqual([])
    world.respawn(runner)
    expect(runner.role).toBe('runner')
    world.respawn(hunter)
    expect([hunter.x, hunter.y]).toEqual([5, 60])
  })

  it('gives every player an id of its own, and one hunter to twelve', () => {
    const world = played(0)
    const players = [...world.players.values()]
    expect(new Set(players.map(({ id }) => id)).size).toBe(60)
    expect(players.filter(({ team }) => team === 'hunter')).toHaveLength(5)
    world.leave(players[0])
    expect(world.players.size).toBe(59)
    expect(players.map(({ id }) => id)).not.toContain(world.join('late').id)
  })
})
