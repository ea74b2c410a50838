import { readFile } from 'node:fs/promises'

/** A small message: about 32 bytes in a compact format. */
export type Move = {
  id: number
  seq: number
  x: number
  y: number
  z: number
  yaw: number
  flags: number
  name: string
}

/** A point of the monsters. */
export type Vec3 = { x: number; y: number; z: number }

/** What a monster carries. */
export type Weapon = { name: string; damage: number }

/** The nested object of the well-known benchmark of C++ serialisers. */
export type Monster = {
  color: number
  mana: number
  hp: number
  equipped: Weapon
  pos: Vec3
  path: Vec3[]
  weapons: Weapon[]
  inventory: number[]
  name: string
}

/** The sets of objects that codecs are measured on. */
export type DataName = 'move' | 'monsters'

/**
 * The layouts of bitsery: every value in bytes of its own, numbers in as many bits as they need, or parts that may grow
 * with their length before them.
 */
export type Variant = 'aligned' | 'packed' | 'growable'

/** Objects to encode one after another, and for each the bytes of the C++ library bitsery. */
export type CodecData = {
  readonly values: readonly unknown[]
  readonly bitsery: Readonly<Partial<Record<Variant, readonly Uint8Array[]>>>
}

type MoveFile = { messages: { value: Move; bitsery: string; packed: string }[] }
type MonstersFile = { value: Monster[]; bitsery: string; packed: string; growable: string }

/** Reads a set: 64 moves of one object each, or one array of 50 monsters. */
export async function loadData(name: DataName): Promise<CodecData> {
  const text = await readFile(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')
  if (name === 'monsters') {
    const { value, bitsery, packed, growable } = JSON.parse(text) as MonstersFile
    const bytes = { aligned: [hex(bitsery)], packed: [hex(packed)], growable: [hex(growable)] }
    return { values: [value], bitsery: bytes }
  }
  const { messages } = JSON.parse(text) as MoveFile
  return {
    values: messages.map(({ value }) => value),
    bitsery: {
      aligned: messages.map(({ bitsery }) => hex(bitsery)),
      packed: messages.map(({ packed }) => hex(packed)),
    },
  }
}

function hex(digits: string): Uint8Array {
  return Buffer.from(digits, 'hex')
}
