/**
 * The rules of the arena: runners eat pellets, hunters catch runners, walls stop both. A pure simulation: it knows no
 * network and no clock, and its dice are an argument, so that a test can replay it.
 */
import type { Role } from './contract.ts'

export const worldWidth = 160
export const worldHeight = 80

/** Walls are boxes. */
export interface Wall {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export const walls: readonly Wall[] = [
  { left: 24, top: 14, right: 28, bottom: 44 },
  { left: 28, top: 14, right: 56, bottom: 18 },
  { left: 132, top: 36, right: 136, bottom: 66 },
  { left: 104, top: 62, right: 132, bottom: 66 },
  { left: 70, top: 34, right: 90, bottom: 46 },
  { left: 108, top: 10, right: 112, bottom: 30 },
  { left: 48, top: 52, right: 52, bottom: 70 },
]

export interface Point {
  x: number
  y: number
}

export interface Player extends Point {
  readonly id: number
  readonly name: string
  /** What the player is while it is not `out`. */
  readonly team: 'runner' | 'hunter'
  role: Role
  score: number
  /** The number of the last input that counted. */
  input: number
  velocity: Point
  /** Where the player wants to go: a direction, at most 1 long. */
  wish: Point
}

/** A hunter got a runner. */
export interface Catch {
  readonly runner: Player
  readonly hunter: Player
}

const playerRadius = 0.8
const reach = 1.6
const speeds = { runner: 15, hunter: 16, out: 0 } as const
const pelletCount = 60
/** One player in so many hunts. */
const hunterShare = 12
const idMax = 0xffff

export class World {
  readonly players = new Map<number, Player>()
  readonly pellets: Point[] = []
  pelletsEaten = 0
  catches = 0
  readonly #random: () => number
  #lastId = 0

  /** `random` answers numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random
    while (this.pellets.length < pelletCount) this.pellets.push(this.#freePlace())
  }

  join(name: string): Player {
    const hunters = [...this.players.values()].filter(({ team }) => team === 'hunter').length
    const team = hunters * hunterShare <= this.players.size ? 'hunter' : 'runner'
    const player: Player = {
      id: this.#freeId(),
      name,
      team,
      role: team,
      score: 0,
      input: 0,
      velocity: { x: 0, y: 0 },
      wish: { x: 0, y: 0 },
      ...this.#freePlace(),
    }
    this.players.set(player.id, player)
    return player
  }

  leave(player: Player): void {
    this.players.delete(player.id)
  }

  /** Remembers where a player wants to go. Longer wishes than 1 are cut: a client can't make itself faster. */
  steer(player: Player, wish: Point, input: number): void {
    const length = Math.max(1, Math.hypot(wish.x, wish.y))
    player.wish = { x: wish.x / length, y: wish.y / length }
    player.input = input
  }

  /** Brings a player back that is out, at a place of the world's choice. */
  respawn(player: Player): void {
    if (player.role !== 'out') return
    player.role = player.team
    Object.assign(player, this.#freePlace())
  }

  /** Moves everything by so many seconds, and answers who was caught. */
  step(seconds: number): Catch[] {
    const all = [...this.players.values()]
    for (const player of all) move(player, seconds)
    const runners = all.filter(({ role }) => role === 'runner')
    for (const runner of runners) this.#eat(runner)
    return this.#hunt(
      runners,
      all.filter(({ role }) => role === 'hunter'),
    )
  }

  #eat(runner: Player): void {
    for (const [index, pellet] of this.pellets.entries()) {
      if (distance(runner, pellet) > reach) continue
      this.pellets[index] = this.#freePlace()
      this.pelletsEaten++
      runner.score++
    }
  }

  #hunt(runners: readonly Player[], hunters: readonly Player[]): Catch[] {
    const caught: Catch[] = []
    for (const runner of runners) {
      const hunter = hunters.find((other) => distance(runner, other) <= reach)
      if (hunter === undefined) continue
      runner.role = 'out'
      runner.velocity = { x: 0, y: 0 }
      hunter.score++
      this.catches++
      caught.push({ runner, hunter })
    }
    return caught
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId % idMax) + 1
    while (this.players.has(this.#lastId))
    return this.#lastId
  }

  #freePlace(): Point {
    for (;;) {
      const place = {
        x: playerRadius + this.#random() * (worldWidth - 2 * playerRadius),
        y: playerRadius + this.#random() * (worldHeight - 2 * playerRadius),
      }
      if (!walls.some((wall) => isInside(wall, place))) return place
    }
  }
}

export function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}

/** Whether a player's centre would be too close to a wall, or in it. */
export function isInside({ left, top, right, bottom }: Wall, { x, y }: Point): boolean {
  const isAcross = x > left - playerRadius && x < right + playerRadius
  return isAcross && y > top - playerRadius && y < bottom + playerRadius
}

function move(player: Player, seconds: number): void {
  const speed = speeds[player.role]
  const { velocity, wish } = player
  const grip = Math.min(1, seconds * 6)
  velocity.x += (wish.x * speed - velocity.x) * grip
  velocity.y += (wish.y * speed - velocity.y) * grip
  player.x = clamp(player.x + velocity.x * seconds, worldWidth)
  player.y = clamp(player.y + velocity.y * seconds, worldHeight)
  for (const wall of walls) if (isInside(wall, player)) pushOut(player, wall)
}

/** Moves a player out of a wall the shortest way, and stops it in that direction: it slides along. */
function pushOut(player: Player, { left, top, right, bottom }: Wall): void {
  const toLeft = player.x - (left - playerRadius)
  const toRight = right + playerRadius - player.x
  const toTop = player.y - (top - playerRadius)
  const toBottom = bottom + playerRadius - player.y
  const shortest = Math.min(toLeft, toRight, toTop, toBottom)
  if (shortest === toLeft || shortest === toRight) {
    player.x += shortest === toLeft ? -toLeft : toRight
    player.velocity.x = 0
  } else {
    player.y += shortest === toTop ? -toTop : toBottom
    player.velocity.y = 0
  }
}

function clamp(value: number, size: number): number {
  return Math.min(size - playerRadius, Math.max(playerRadius, value))
}

/** Dice that fall the same way again for the same seed (mulberry32, Tommy Ettinger, public domain). */
export function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
