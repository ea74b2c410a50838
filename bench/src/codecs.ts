import { isDeepStrictEqual } from 'node:util'
import type { CodecData, DataName } from './codec-data.ts'

/** Turns objects into bytes and back. The bytes may be good until the next `encode` only. */
export type Codec = {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
  /** Encodes into memory of the caller's and gives the size; measured in place of `encode` where there is one. */
  readonly write?: (value: unknown) => number
  /** Decodes out of the middle of a buffer; measured in place of `decode` where there is one. */
  readonly readerOver?: (bytes: Uint8Array) => (offset: number, end: number) => unknown
}

/** The codecs of others, each in the way its manual recommends for speed. */
const peers: Readonly<Record<string, () => Promise<Codec>>> = {
  msgpackr: async () => {
    const { Packr } = await import('msgpackr')
    const packr = new Packr({ useRecords: false })
    return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) }
  },
  'msgpackr records': async () => {
    const { Packr } = await import('msgpackr')
    const packr = new Packr({ structures: [] })
    return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) }
  },
  '@msgpack/msgpack': async () => {
    const { Decoder, Encoder } = await import('@msgpack/msgpack')
    const encoder = new Encoder()
    const decoder = new Decoder()
    return { encode: (value) => encoder.encodeSharedRef(value), decode: (bytes) => decoder.decode(bytes) }
  },
  JSON: async () => ({
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse((bytes as Buffer).toString()) as unknown,
  }),
}

/** Makes a codec of somebody else by its name. Throws RangeError for a name that isn't here. */
export async function peerCodec(name: string): Promise<Codec> {
  const make = peers[name]
  if (make === undefined)
    throw new RangeError(`no codec "${name}"; there are ${Object.keys(peers).join(', ')}`)
  return await make()
}

/** Throws unless the codec gives every object of the set back as it was. */
export function checkCodec(codec: Codec, data: CodecData, set: DataName): void {
  data.values.forEach((value, index) => {
    const back = codec.decode(Buffer.from(codec.encode(value)))
    if (!isDeepStrictEqual(plain(back), plain(value)))
      throw new Error(`object ${index} of ${set} came back changed`)
  })
}

/** Without prototypes, which decoders choose as they like. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown
}
