/**
 * What a bot wants: a runner goes for pellets and away from hunters, a hunter goes for runners. Knows no network: it
 * sees a snapshot, as a player would see a screen.
 */
import { positionScale, type Role, type Snapshot } from './contract.ts'
import { distance, type Point } from './world.ts'

type Seen = Point & { readonly id: number; readonly role: Role }

const fearDistance = 9 * positionScale
const stuckDistance = 0.3 * positionScale
const detourThoughts = 10
/** Each bot looks at one pellet in so many: otherwise they would all run for the same one. */
const tasteCount = 5

export class Brain {
  readonly #random: () => number
  #before: Point = { x: 0, y: 0 }
  #detour: Point = { x: 0, y: 0 }
  #detourLeft = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** The direction in which the player `self` wants to go: of length 1, or nowhere. */
  think(self: Seen, { players, pellets }: Snapshot): Point {
    const moved = distance(self, this.#before)
    this.#before = { x: self.x, y: self.y }
    if (moved < stuckDistance && this.#detourLeft === 0) this.#turnAside()
    if (this.#detourLeft > 0) {
      this.#detourLeft--
      return this.#detour
    }
    if (self.role === 'hunter') return towards(self, nearest(self, players, 'runner'))
    const hunter = nearest(self, players, 'hunter')
    if (hunter !== undefined && distance(self, hunter) < fearDistance) return towards(hunter, self)
    const tasty = pellets.filter((_pellet, index) => (index + self.id) % tasteCount === 0)
    return towards(self, closest(self, tasty))
  }

  /** A bot that gets no further, most likely because of a wall, goes somewhere else for a while. */
  #turnAside(): void {
    const angle = this.#random() * 2 * Math.PI
    this.#detour = { x: Math.cos(angle), y: Math.sin(angle) }
    this.#detourLeft = detourThoughts
  }
}

function nearest(self: Point, players: readonly Seen[], role: Role): Point | undefined {
  return closest(
    self,
    players.filter((other) => other.role === role),
  )
}

function closest(self: Point, places: readonly Point[]): Point | undefined {
  let best: Point | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const place of places) {
    const length = distance(self, place)
    if (length >= bestDistance) continue
    best = place
    bestDistance = length
  }
  return best
}

function towards(from: Point, to: Point | undefined): Point {
  if (to === undefined) return { x: 0, y: 0 }
  const length = distance(from, to)
  return length === 0 ? { x: 0, y: 0 } : { x: (to.x - from.x) / length, y: (to.y - from.y) / length }
}
