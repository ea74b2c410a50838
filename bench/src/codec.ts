import type { CodecData, DataName } from './codec-data.ts'

/** Turns objects into bytes and back. The bytes may be good until the next `encode` only. */
export type Codec = {
  /** Makes of an object what `encode` and `write` take, beforehand. Where it's missing they take the object itself. */
  readonly prepare?: (value: unknown) => unknown
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
  /** Encodes into memory of the caller's and gives the size; measured in place of `encode` where there is one. */
  readonly write?: (value: unknown) => number
  /** Decodes out of the middle of a buffer; measured in place of `decode` where there is one. */
  readonly readerOver?: (bytes: Uint8Array) => (offset: number, end: number) => unknown
}

/** What `encode` of a codec takes in place of each object of the set. */
export function preparedValues(codec: Codec, { values }: CodecData): readonly unknown[] {
  const { prepare } = codec
  return prepare === undefined ? values : values.map((value) => prepare(value))
}

/** How far a number may be from what it was, by the name of its field. Where a name is missing it must be equal. */
export type Precision = Readonly<Record<string, number>>

/** Throws unless the codec gives every object of the set back as it was, by each way that may be measured. */
export function checkCodec(codec: Codec, data: CodecData, set: DataName, precision: Precision = {}): void {
  preparedValues(codec, data).forEach((value, index) => {
    const bytes = Buffer.from(codec.encode(value))
    const backs = [codec.decode(bytes)]
    if (codec.readerOver !== undefined) {
      const larger = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(5, 0xff)])
      backs.push(codec.readerOver(larger)(3, 3 + bytes.length))
    }
    const size = codec.write?.(value) ?? bytes.length
    const areSame = backs.every((back) => isSame(plain(back), data.values[index], precision))
    if (!areSame || size !== bytes.length) throw new Error(`object ${index} of ${set} came back changed`)
  })
}

/** Without prototypes, which decoders choose as they like, and without the name of the type that protobuf-es adds. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, field) => (key === '$typeName' ? undefined : field)),
  ) as unknown
}

function isSame(back: unknown, value: unknown, precision: Precision, tolerance = 0): boolean {
  if (typeof back === 'number' && typeof value === 'number') return Math.abs(back - value) <= tolerance
  if (typeof back !== 'object' || typeof value !== 'object') return back === value
  if (back === null || value === null || Array.isArray(back) !== Array.isArray(value)) return back === value
  const fields = Object.entries(back)
  return (
    fields.length === Object.keys(value).length &&
    fields.every(([name, field]) => {
      return isSame(field, (value as Record<string, unknown>)[name], precision, precision[name])
    })
  )
}
