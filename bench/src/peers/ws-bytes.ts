import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Packr } from 'msgpackr'
import { WebSocket, WebSocketServer } from 'ws'
import { type MixMessage, mixContract } from '../game-mix.ts'
import { type BytesOptions, WireBytes } from '../wire-bytes.ts'
import { work } from '../worker-side.ts'

/** `objects`: the message with the names of its fields. `arrays`: its number and its values, as BrowserQuest sends them. */
type Layout = 'objects' | 'arrays'

const packr = new Packr({ useRecords: false })
const formats = {
  JSON: {
    encode: (value: unknown) => Buffer.from(JSON.stringify(value)),
    decode: (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown,
    isBinary: false,
  },
  msgpackr: {
    encode: (value: unknown) => packr.pack(value),
    decode: (bytes: Buffer) => packr.unpack(bytes) as unknown,
    isBinary: true,
  },
}

type Wrapping = {
  wrap(message: MixMessage): unknown
  unwrap(value: unknown): { readonly key: string; readonly body: object }
}

const layouts: Readonly<Record<Layout, (messages: readonly MixMessage[]) => Wrapping>> = {
  objects: () => ({
    wrap: ({ key, body }) => ({ type: key, ...body }),
    unwrap: (value) => {
      const { type, ...body } = value as { type: string }
      return { key: type, body }
    },
  }),
  arrays: (messages) => {
    const keys = mixContract.entries.map(({ key }) => key)
    const numbers = new Map(keys.map((key, number) => [key, number]))
    const fields = new Map<string, readonly string[]>(
      messages.map(({ key, body }) => [key, Object.keys(body)]),
    )
    return {
      wrap: ({ key, body }) => [numbers.get(key), ...Object.values(body)],
      unwrap: (value) => {
        const [number, ...values] = value as [number, ...unknown[]]
        const key = keys[number]
        const names = fields.get(key) ?? []
        return { key, body: Object.fromEntries(names.map((name, index) => [name, values[index]])) }
      },
    }
  },
}

/** The mix over one WebSocket, a frame each message, both ends in this process. */
work<BytesOptions & { format: keyof typeof formats; layout: Layout }>(async (options, parent) => {
  const { encode, decode, isBinary } = formats[options.format]
  const bytes = new WireBytes(options)
  const { wrap, unwrap } = layouts[options.layout](bytes.messages)
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const { port } = server.address() as AddressInfo
  const opened = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  await once(opened, 'open')
  const other = (await accepted)[0] as WebSocket
  const [from, to] = options.direction === 'down' ? [other, opened] : [opened, other]
  to.on('message', (data) => {
    const { key, body } = unwrap(decode(data as Buffer))
    bytes.received(key, body)
  })
  await parent.ready()
  const send = (message: MixMessage) => from.send(encode(wrap(message)), { binary: isBinary })
  const bodySize = (message: MixMessage) => encode(wrap(message)).length
  parent.result(await bytes.measure({ send, bodySize }))
})
