import { array, f32, i16, type Schema, Source, struct, targetOf, text, u8, u16, u32 } from 'bitsery-ts'
import type { CodecData, DataName } from './codec-data.ts'
import type { Codec } from './codecs.ts'

const move = struct({ id: u32, seq: u16, x: f32, y: f32, z: f32, yaw: f32, flags: u8, name: text(16) })

const vec3 = struct({ x: f32, y: f32, z: f32 })
const weapon = struct({ name: text(10), damage: i16 })
const monster = struct({
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
const monsters = array(monster, 50)

/** The doors of bitsery-ts to measure: `memory` is borrowed and reused, `simple` gives bytes of their own. */
export type BitseryDoor = 'memory' | 'simple'

/** A codec of bitsery-ts for a set. */
export function bitseryCodec(data: DataName, door: BitseryDoor): Codec {
  return door === 'simple' ? simpleCodec(schemaOf(data)) : memoryCodec(schemaOf(data))
}

/** Throws unless the codec writes the bytes of the C++ library. */
export function checkBytes(codec: Codec, { values, bitsery }: CodecData): void {
  values.forEach((value, index) => {
    const difference = Buffer.compare(codec.encode(value), bitsery[index])
    if (difference !== 0) throw new Error(`object ${index} has other bytes than the C++ library writes`)
  })
}

function schemaOf(data: DataName): Schema<unknown> {
  return (data === 'move' ? move : monsters) as Schema<unknown>
}

function simpleCodec(schema: Schema<unknown>): Codec {
  return {
    encode: (value) => schema.encode(value),
    decode: (bytes) => {
      const decoded = schema.decode(bytes)
      if (!decoded.ok) throw new Error(`decode gave ${decoded.error}`)
      return decoded.value
    },
  }
}

/** As a protocol uses it: bytes go to and come from the middle of a buffer that is there already. */
function memoryCodec(schema: Schema<unknown>): Codec {
  const target = targetOf(new Uint8Array(16_384))
  const readerOver = (bytes: Uint8Array) => {
    const source = new Source(bytes)
    return (offset: number, end: number) => {
      const value = schema.read(source, offset, end)
      if (source.error !== '') throw new Error(`read gave ${source.error}`)
      return value
    }
  }
  return {
    encode: (value) => target.bytes.slice(0, schema.write(value, target, 0)),
    decode: (bytes) => readerOver(bytes)(0, bytes.length),
    write: (value) => schema.write(value, target, 0),
    readerOver,
  }
}
