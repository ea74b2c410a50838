import { type Schema, Source, targetOf } from 'bitsery-ts'
import { alignedMonsters, alignedMove } from './bitsery-schemas.ts'
import { type Codec, checkCodec, type Precision } from './codec.ts'
import type { CodecData, DataName, Variant } from './codec-data.ts'

/** The doors of bitsery-ts to measure: `memory` is borrowed and reused, `simple` gives bytes of their own. */
export type BitseryDoor = 'memory' | 'simple'

/** A codec of bitsery-ts for a set in one of its layouts. */
export async function bitseryCodec(data: DataName, door: BitseryDoor, variant: Variant): Promise<Codec> {
  const schema = await schemaOf(data, variant)
  return door === 'simple' ? simpleCodec(schema) : memoryCodec(schema)
}

/** How far a packed number may be from what was written: a step of its range, and a rounding of 32 bits. */
const precisions: Readonly<Record<DataName, Precision>> = {
  move: { x: 0.00395, y: 0.00395, z: 0.00395, yaw: 0.2501 },
  monsters: { x: 0.00785, y: 0.00785, z: 0.00785 },
}

/**
 * Throws unless the codec writes the bytes of the C++ library, and gives the objects back; packed ones as near as their
 * bits allow.
 */
export function checkBitsery(codec: Codec, data: CodecData, set: DataName, variant: Variant): void {
  const expected = data.bitsery[variant]
  if (expected === undefined) throw new RangeError(`there are no bytes of ${variant} ${set}`)
  data.values.forEach((value, index) => {
    const difference = Buffer.compare(codec.encode(value), expected[index])
    if (difference !== 0) throw new Error(`object ${index} has other bytes than the C++ library writes`)
  })
  checkCodec(codec, data, set, variant === 'packed' ? precisions[set] : {})
}

/** A process sees no other layout than the one that it measures. */
async function schemaOf(data: DataName, variant: Variant): Promise<Schema<unknown>> {
  if (variant === 'aligned') return (data === 'move' ? alignedMove : alignedMonsters) as Schema<unknown>
  const { growableMonsters, packedMonsters, packedMove } = await import('./bitsery-variants.ts')
  if (data === 'move') return packedMove as Schema<unknown>
  return (variant === 'packed' ? packedMonsters : growableMonsters) as Schema<unknown>
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
