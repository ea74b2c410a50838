import { Builder, ByteBuffer } from 'flatbuffers'
import type { Codec } from './codec.ts'
import type { DataName, Monster, Move, Vec3, Weapon } from './codec-data.ts'

/**
 * A codec of flatbuffers for a set: one builder is cleared for each object, and reading fills a plain object with every
 * field, which a program that needs few of them would not do. The layout is schemas/game.fbs.
 */
export function flatbuffersCodec(data: DataName): Codec {
  const builder = new Builder(65_536)
  const build = (value: unknown) => {
    builder.clear()
    builder.finish(
      data === 'move' ? putMove(builder, value as Move) : putMonsters(builder, value as Monster[]),
    )
  }
  const rootAt = (source: ByteBuffer, offset: number) => {
    const table = source.__indirect(offset)
    return data === 'move' ? moveAt(source, table) : monstersAt(source, table)
  }
  return {
    encode: (value) => {
      build(value)
      return builder.asUint8Array()
    },
    decode: (bytes) => rootAt(new ByteBuffer(bytes), 0),
    write: (value) => {
      build(value)
      return builder.offset()
    },
    readerOver: (bytes) => {
      const source = new ByteBuffer(bytes)
      return (offset) => rootAt(source, offset)
    },
  }
}

function putMove(builder: Builder, move: Move): number {
  const name = builder.createString(move.name)
  builder.startObject(8)
  builder.addFieldInt32(0, move.id, 0)
  builder.addFieldInt16(1, move.seq, 0)
  builder.addFieldFloat32(2, move.x, 0)
  builder.addFieldFloat32(3, move.y, 0)
  builder.addFieldFloat32(4, move.z, 0)
  builder.addFieldFloat32(5, move.yaw, 0)
  builder.addFieldInt8(6, move.flags, 0)
  builder.addFieldOffset(7, name, 0)
  return builder.endObject()
}

function putMonsters(builder: Builder, monsters: readonly Monster[]): number {
  const offsets = monsters.map((monster) => putMonster(builder, monster))
  const vector = putOffsets(builder, offsets)
  builder.startObject(1)
  builder.addFieldOffset(0, vector, 0)
  return builder.endObject()
}

function putMonster(builder: Builder, monster: Monster): number {
  const equipped = putWeapon(builder, monster.equipped)
  const path = putPath(builder, monster.path)
  const weapons = putOffsets(
    builder,
    monster.weapons.map((weapon) => putWeapon(builder, weapon)),
  )
  const inventory = putInventory(builder, monster.inventory)
  const name = builder.createString(monster.name)
  builder.startObject(9)
  builder.addFieldInt8(0, monster.color, 0)
  builder.addFieldInt16(1, monster.mana, 0)
  builder.addFieldInt16(2, monster.hp, 0)
  builder.addFieldOffset(3, equipped, 0)
  builder.addFieldStruct(4, putVec3(builder, monster.pos), 0)
  builder.addFieldOffset(5, path, 0)
  builder.addFieldOffset(6, weapons, 0)
  builder.addFieldOffset(7, inventory, 0)
  builder.addFieldOffset(8, name, 0)
  return builder.endObject()
}

function putWeapon(builder: Builder, weapon: Weapon): number {
  const name = builder.createString(weapon.name)
  builder.startObject(2)
  builder.addFieldOffset(0, name, 0)
  builder.addFieldInt16(1, weapon.damage, 0)
  return builder.endObject()
}

/** Structs are written backwards, like everything else here. */
function putVec3(builder: Builder, { x, y, z }: Vec3): number {
  builder.prep(4, 12)
  builder.writeFloat32(z)
  builder.writeFloat32(y)
  builder.writeFloat32(x)
  return builder.offset()
}

function putPath(builder: Builder, path: readonly Vec3[]): number {
  builder.startVector(12, path.length, 4)
  for (let index = path.length - 1; index >= 0; index--) putVec3(builder, path[index])
  return builder.endVector()
}

function putInventory(builder: Builder, inventory: readonly number[]): number {
  builder.startVector(1, inventory.length, 1)
  for (let index = inventory.length - 1; index >= 0; index--) builder.addInt8(inventory[index])
  return builder.endVector()
}

function putOffsets(builder: Builder, offsets: readonly number[]): number {
  builder.startVector(4, offsets.length, 4)
  for (let index = offsets.length - 1; index >= 0; index--) builder.addOffset(offsets[index])
  return builder.endVector()
}

function moveAt(source: ByteBuffer, table: number): Move {
  const id = source.__offset(table, 4)
  const seq = source.__offset(table, 6)
  const x = source.__offset(table, 8)
  const y = source.__offset(table, 10)
  const z = source.__offset(table, 12)
  const yaw = source.__offset(table, 14)
  const flags = source.__offset(table, 16)
  return {
    id: id === 0 ? 0 : source.readUint32(table + id),
    seq: seq === 0 ? 0 : source.readUint16(table + seq),
    x: x === 0 ? 0 : source.readFloat32(table + x),
    y: y === 0 ? 0 : source.readFloat32(table + y),
    z: z === 0 ? 0 : source.readFloat32(table + z),
    yaw: yaw === 0 ? 0 : source.readFloat32(table + yaw),
    flags: flags === 0 ? 0 : source.readUint8(table + flags),
    name: textAt(source, table, 18),
  }
}

function monstersAt(source: ByteBuffer, table: number): Monster[] {
  return listAt(source, table, 4, 4, (at) => monsterAt(source, source.__indirect(at)))
}

function monsterAt(source: ByteBuffer, table: number): Monster {
  const color = source.__offset(table, 4)
  const mana = source.__offset(table, 6)
  const hp = source.__offset(table, 8)
  return {
    color: color === 0 ? 0 : source.readUint8(table + color),
    mana: mana === 0 ? 0 : source.readInt16(table + mana),
    hp: hp === 0 ? 0 : source.readInt16(table + hp),
    equipped: weaponAt(source, source.__indirect(table + source.__offset(table, 10))),
    pos: vec3At(source, table + source.__offset(table, 12)),
    path: listAt(source, table, 14, 12, (at) => vec3At(source, at)),
    weapons: listAt(source, table, 16, 4, (at) => weaponAt(source, source.__indirect(at))),
    inventory: listAt(source, table, 18, 1, (at) => source.readUint8(at)),
    name: textAt(source, table, 20),
  }
}

function weaponAt(source: ByteBuffer, table: number): Weapon {
  const damage = source.__offset(table, 6)
  return {
    name: textAt(source, table, 4),
    damage: damage === 0 ? 0 : source.readInt16(table + damage),
  }
}

function vec3At(source: ByteBuffer, at: number): Vec3 {
  return { x: source.readFloat32(at), y: source.readFloat32(at + 4), z: source.readFloat32(at + 8) }
}

function textAt(source: ByteBuffer, table: number, field: number): string {
  const offset = source.__offset(table, field)
  return offset === 0 ? '' : (source.__string(table + offset) as string)
}

/** Every element of a vector of elements of `stride` bytes; `elementAt` is told where one lies. */
function listAt<T>(
  source: ByteBuffer,
  table: number,
  field: number,
  stride: number,
  elementAt: (at: number) => T,
): T[] {
  const list: T[] = []
  const offset = source.__offset(table, field)
  if (offset === 0) return list
  const start = source.__vector(table + offset)
  const end = start + source.__vector_len(table + offset) * stride
  for (let at = start; at < end; at += stride) list.push(elementAt(at))
  return list
}
