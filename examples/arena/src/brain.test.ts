import { describe, expect, it } from 'vitest'
import { Brain } from './brain.ts'
import type { Role, Snapshot } from './contract.ts'
import { dice } from './world.ts'

function seen(id: number, role: Role, x: number, y: number): Snapshot['players'][number] {
  return { id, role, x, y, input: 0, score: 0 }
}

function snapshot(players: Snapshot['players'], pellets: Snapshot['pellets'] = []): Snapshot {
  return { tick: 1, players, pellets }
}

describe('a bot', () => {
  it('hunts the nearest runner', () => {
    const self = seen(1, 'hunter', 5000, 5000)
    const players = [
      self,
      seen(2, 'runner', 5000, 6000),
      seen(3, 'runner', 9000, 5000),
      seen(4, 'out', 5100, 5000),
    ]
    expect(new Brain(dice(1)).think(self, snapshot(players))).toEqual({ x: 0, y: 1 })
  })

  it('runs for a pellet, unless a hunter is near', () => {
    const self = seen(5, 'runner', 5000, 5000)
    const pellets = [{ x: 4000, y: 5000 }]
    const far = snapshot([self, seen(2, 'hunter', 9000, 5000)], pellets)
    expect(new Brain(dice(1)).think(self, far)).toEqual({ x: -1, y: 0 })
    const near = snapshot([self, seen(2, 'hunter', 4500, 5000)], pellets)
    expect(new Brain(dice(1)).think(self, near)).toEqual({ x: 1, y: 0 })
  })

  it('stays where it is when there is nothing to want', () => {
    const self = seen(5, 'runner', 5000, 5000)
    expect(new Brain(dice(1)).think(self, snapshot([self]))).toEqual({ x: 0, y: 0 })
  })

  it('turns aside when it gets no further', () => {
    const brain = new Brain(dice(1))
    const self = seen(5, 'runner', 5000, 5000)
    const view = snapshot([self], [{ x: 4000, y: 5000 }])
    expect(brain.think(self, view)).toEqual({ x: -1, y: 0 })
    const aside = brain.think(self, view)
    expect(aside).not.toEqual({ x: -1, y: 0 })
    expect(Math.hypot(aside.x, aside.y)).toBeCloseTo(1)
    for (let thought = 0; thought < 9; thought++) expect(brain.think(self, view)).toEqual(aside)
    expect(brain.think({ ...self, x: 6000 }, view)).toEqual({ x: -1, y: 0 })
  })
})
