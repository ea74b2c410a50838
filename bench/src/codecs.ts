import type { Codec } from './codec.ts'
import type { DataName } from './codec-data.ts'

/** The codecs of others, each in the way its manual recommends for speed. */
const peers: Readonly<Record<string, (data: DataName) => Promise<Codec>>> = {
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
    const encoder = new Encoder({ forceFloat32: true })
    const decoder = new Decoder()
    return { encode: (value) => encoder.encodeSharedRef(value), decode: (bytes) => decoder.decode(bytes) }
  },
  'protobuf-es': async (data) => (await import('./protobuf-codec.ts')).protobufCodec(data),
  avsc: async (data) => (await import('./avro-codec.ts')).avroCodec(data),
  flatbuffers: async (data) => (await import('./flatbuffers-codec.ts')).flatbuffersCodec(data),
  JSON: async () => ({
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse((bytes as Buffer).toString()) as unknown,
  }),
}

/** The names of all third-party codecs. */
export const peerNames: readonly string[] = Object.keys(peers)

/** Makes a third-party codec for a set by its name. Throws RangeError for a name that isn't here. */
export async function peerCodec(name: string, data: DataName): Promise<Codec> {
  const make = peers[name]
  if (make === undefined) throw new RangeError(`no codec "${name}"; there are ${peerNames.join(', ')}`)
  return await make(data)
}
