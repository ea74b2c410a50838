import { encode } from '@millrace/proto-msgpack'
import { bits, type Channel, msgpack, ProtoFactory } from 'millrace'
import { type MixKey, type MixMessage, type MixMessages, mixContract } from '../game-mix.ts'
import { type BytesOptions, WireBytes } from '../wire-bytes.ts'
import { work } from '../worker-side.ts'

const factory = new ProtoFactory()
  .add('mix bits', bits(mixContract))
  .add('mix msgpack', msgpack<MixMessages>())

const keys = mixContract.entries.map(({ key }) => key as MixKey)
const schemas = new Map(mixContract.entries.map(({ key, schema }) => [key, schema]))

/** The mix over one channel of tcp, both ends in this process. */
work<BytesOptions & { protocol: 'bits' | 'msgpack' }>(async (options, parent) => {
  const { direction, protocol } = options
  const bytes = new WireBytes(options)
  const server = await factory.create('tcp', '127.0.0.1', 0, `mix ${protocol}`).bind()
  const accepted = new Promise<Channel<MixMessages>>((resolve) => {
    server.on('accepted', (_pipe, channel) => channel && resolve(channel))
  })
  const opened: Channel<MixMessages> = await factory
    .create('tcp', '127.0.0.1', server.address?.port ?? 0, `mix ${protocol}`)
    .open()
  const [from, to] = direction === 'down' ? [await accepted, opened] : [opened, await accepted]
  for (const key of keys) to.on(key, (body: unknown) => bytes.received(key, body))
  await parent.ready()
  const send = ({ key, body }: MixMessage) => {
    const result = from.send(key, body as MixMessages[MixKey])
    if (result !== 'queued') throw new Error(`send gave ${result}`)
  }
  const bodySize = ({ key, body }: MixMessage) =>
    (protocol === 'bits' ? (schemas.get(key)?.encode(body) ?? []) : encode(body)).length
  parent.result(await bytes.measure({ send, bodySize }))
})
