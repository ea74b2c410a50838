import { array, bits, f32, growable, range, rangeFloat, struct, text, u8, u16, u32 } from 'bitsery-ts'
import { alignedMonster, monsterWith } from './bitsery-schemas.ts'

const place = rangeFloat(f32, -512, 512, { bits: 18 })

/** A move in one block of bits, the name included. */
export const packedMove = bits(
  struct({
    id: range(u32, 0, 0xffffffff),
    seq: range(u16, 0, 0xffff),
    x: place,
    y: place,
    z: place,
    yaw: rangeFloat(f32, -512, 512, { bits: 12 }),
    flags: range(u8, 0, 0xff),
    name: text(16),
  }),
)

const unit = rangeFloat(f32, -1, 1, { precision: 0.01 })

/** The monsters with every point in a block of bits. */
export const packedMonsters = array(monsterWith(bits(struct({ x: unit, y: unit, z: unit }))), 50)

/** The monsters with the length before each, so that fields may be added. */
export const growableMonsters = array(growable(alignedMonster), 50)
