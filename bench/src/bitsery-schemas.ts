import { array, f32, i16, type Schema, struct, text, u8, u16, u32 } from 'bitsery-ts'

/** A move with every number in bytes of its own. */
export const alignedMove = struct({
  id: u32,
  seq: u16,
  x: f32,
  y: f32,
  z: f32,
  yaw: f32,
  flags: u8,
  name: text(16),
})

const weapon = struct({ name: text(10), damage: i16 })

/** A monster with points of this schema. */
export function monsterWith<T>(vec3: Schema<T>) {
  return struct({
    color: u8,
    mana: i16,
    hp: i16,
    equipped: weapon,
    pos: vec3,
    path: array(vec3, 10),
    weapons: array(weapon, 10),
    inventory: array(u8, 10),
    name: text(10),
  })
}

/** A monster with every number in bytes of its own. */
export const alignedMonster = monsterWith(struct({ x: f32, y: f32, z: f32 }))

/** The monsters with every number in bytes of its own. */
export const alignedMonsters = array(alignedMonster, 50)
