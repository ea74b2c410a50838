import avro from 'avsc'
import type { Codec } from './codec.ts'
import type { DataName } from './codec-data.ts'

/** Avro's `int` is signed: an id of 32 bits without a sign takes a `long`. */
const move = {
  type: 'record',
  name: 'Move',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'seq', type: 'int' },
    { name: 'x', type: 'float' },
    { name: 'y', type: 'float' },
    { name: 'z', type: 'float' },
    { name: 'yaw', type: 'float' },
    { name: 'flags', type: 'int' },
    { name: 'name', type: 'string' },
  ],
} as const

const vec3 = {
  type: 'record',
  name: 'Vec3',
  fields: [
    { name: 'x', type: 'float' },
    { name: 'y', type: 'float' },
    { name: 'z', type: 'float' },
  ],
} as const

const weapon = {
  type: 'record',
  name: 'Weapon',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'damage', type: 'int' },
  ],
} as const

const monster = {
  type: 'record',
  name: 'Monster',
  fields: [
    { name: 'color', type: 'int' },
    { name: 'mana', type: 'int' },
    { name: 'hp', type: 'int' },
    { name: 'equipped', type: weapon },
    { name: 'pos', type: vec3 },
    { name: 'path', type: { type: 'array', items: 'Vec3' } },
    { name: 'weapons', type: { type: 'array', items: 'Weapon' } },
    { name: 'inventory', type: { type: 'array', items: 'int' } },
    { name: 'name', type: 'string' },
  ],
} as const

/** A codec of avsc for a set, on memory that is there already. */
export function avroCodec(data: DataName): Codec {
  const schema = data === 'move' ? move : ({ type: 'array', items: monster } as const)
  const type = avro.Type.forSchema(schema as unknown as avro.Schema)
  const memory = Buffer.alloc(65_536)
  const write = (value: unknown) => {
    const end = type.encode(value, memory, 0)
    if (end < 0) throw new Error('the buffer is too short')
    return end
  }
  return {
    encode: (value) => memory.subarray(0, write(value)),
    decode: (bytes) => type.fromBuffer(bytes as Buffer) as unknown,
    write,
    readerOver: (bytes) => (offset, end) => {
      const decoded = type.decode(bytes as Buffer, offset)
      if (decoded.offset !== end) throw new Error(`decode ended at ${decoded.offset} rather than at ${end}`)
      return decoded.value as unknown
    },
  }
}
