import { type Codec, preparedValues } from './codec.ts'
import type { CodecData } from './codec-data.ts'
import { meanNs } from './micro.ts'
import type { Measurement } from './scenario.ts'
import type { WindowOptions } from './window.ts'

/** What is measured of a codec. */
export type Direction = 'encode' | 'decode'

/** Objects in one timed call at least, so that reading the clock weighs nothing. */
const batchCount = 64

/** Times one direction of a codec. */
export function measureCodec(
  codec: Codec,
  data: CodecData,
  direction: Direction,
  window: WindowOptions,
): Measurement {
  const values = preparedValues(codec, data)
  const encoded = values.map((value) => Buffer.from(codec.encode(value)))
  const passes = Math.ceil(batchCount / values.length)
  const count = passes * values.length
  const write = codec.write ?? ((value: unknown) => codec.encode(value).length)
  const read = readByIndex(codec, encoded)
  // What the calls give is kept where the compiler can't know that it is not used.
  const kept: unknown[] = new Array(values.length)
  const encode = () => {
    for (let pass = 0; pass < passes; pass++) {
      for (let index = 0; index < values.length; index++) kept[index] = write(values[index])
    }
  }
  const decode = () => {
    for (let pass = 0; pass < passes; pass++) {
      for (let index = 0; index < encoded.length; index++) kept[index] = read(index)
    }
  }
  const nsPerObject = meanNs(direction === 'encode' ? encode : decode, window) / count
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0)
  return { nsPerObject, objectsPerSecond: 1e9 / nsPerObject, bytesPerObject: bytes / values.length }
}

function readByIndex(codec: Codec, encoded: readonly Uint8Array[]): (index: number) => unknown {
  if (codec.readerOver === undefined) return (index) => codec.decode(encoded[index])
  const readAt = codec.readerOver(Buffer.concat(encoded))
  const ends: number[] = []
  for (const { length } of encoded) ends.push((ends.at(-1) ?? 0) + length)
  const offsets = ends.map((end, index) => end - encoded[index].length)
  return (index) => readAt(offsets[index], ends[index])
}
