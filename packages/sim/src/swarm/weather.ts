import type { ConditionOptions, Conditions } from '../net/conditions.ts'
import type { Host } from '../world/host.ts'
import type { Way } from '../world/route.ts'
import type { World } from '../world/world.ts'

interface Said {
  readonly way: Way
  readonly before: Conditions
  readonly spells: ConditionOptions[]
}

/** Conditions of ways that begin and end as they like: what each says holds from its beginning to its end, the latest first, and behind the last one all is as it was. */
export class Weather {
  readonly #world: World
  readonly #server: Host
  readonly #said = new Map<string, Said>()

  constructor(world: World, server: Host) {
    this.#world = world
    this.#server = server
  }

  /** Begins. Returns what ends it. */
  begin(player: Host, ways: 'there' | 'back' | 'both', conditions: ConditionOptions): () => void {
    const spell = { ...conditions }
    const said = (ways === 'both' ? (['there', 'back'] as const) : [ways]).map((way) => this.#of(player, way))
    for (const { way, spells } of said) {
      spells.push(spell)
      way.set(spell)
    }
    return () => {
      for (const { way, before, spells } of said) {
        spells.splice(spells.indexOf(spell), 1)
        way.set(before)
        for (const other of spells) way.set(other)
      }
    }
  }

  #of(player: Host, which: 'there' | 'back'): Said {
    const name = `${player.name} ${which}`
    let said = this.#said.get(name)
    if (said === undefined) {
      const way = this.#world.between(player, this.#server)[which]
      said = { way, before: way.conditions, spells: [] }
      this.#said.set(name, said)
    }
    return said
  }
}
