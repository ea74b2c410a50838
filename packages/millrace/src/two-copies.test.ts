import * as ownMsgpack from '@millrace/proto-msgpack'
import * as millrace from 'millrace'
import * as extend from 'millrace/extend'
import * as schema from 'millrace/schema'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

/** A second copy of everything, as two versions in one program, or two bundles, have it. */
let other: { millrace: typeof millrace; extend: typeof extend; schema: typeof schema }
let otherMsgpack: typeof ownMsgpack
beforeAll(async () => {
  vi.resetModules()
  otherMsgpack = await import('@millrace/proto-msgpack')
  other = {
    millrace: await import('millrace'),
    extend: await import('millrace/extend'),
    schema: await import('millrace/schema'),
  }
})

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A module of a program, which may be evaluated more than once. */
function gameOf({ contract, request, text, u32 }: typeof millrace, line = 40, rate = 60) {
  const { message } = millrace
  return contract({
    chat: message({ line: text(line) }, { from: 'client', rate, burst: rate }),
    ask: request({ a: u32 }, u32, { rate: 1e6, burst: 1e6 }),
  })
}

it('there are two', () => {
  expect(other.millrace.MillraceError).not.toBe(millrace.MillraceError)
  expect(other.schema.u32).not.toBe(schema.u32)
})

describe('a protocol that is added again', () => {
  const { bits, msgpack } = millrace
  const taken = (message: string) =>
    expect.objectContaining({ code: 'name-taken', message: expect.stringContaining(message) })

  it('is the same when its contract is, made here or by the other copy', () => {
    const factory = new millrace.ProtoFactory().add('game', bits(gameOf(millrace)))
    factory.add('game', bits(gameOf(millrace)))
    factory.add('game', other.millrace.bits(gameOf(other.millrace)))
    factory.add('msgpack', other.millrace.msgpack()).add('tcp', other.extend.tcp())
    expect(factory.describe()).toBe('proto factory: transports tcp, udp, ipc, local; protocols msgpack, game')
  })

  it('is another when its contract is', () => {
    const factory = new millrace.ProtoFactory().add('game', bits(gameOf(millrace)))
    const game = bits(gameOf(millrace, 41))
    expect(() => factory.add('game', game)).toThrowError(
      taken("'game' is registered already, as 'bits' (contract "),
    )
    expect(() => factory.add('game', game)).toThrowError(taken('remove it first, or choose another name'))
    factory.remove('game')
    factory.add('game', game)
  })

  it('is another when a rate is, a size, a version, or how much its schemas read', () => {
    const { contract, message } = millrace
    const { u8, array } = schema
    const shape = array(u8, 9)
    const made = [
      contract({ a: shape }),
      contract({ a: message(shape, { rate: 1, burst: 1 }) }),
      contract({ a: message(shape, { sizeMax: 5 }) }),
      contract({ a: shape }, { version: 2 }),
      contract({ a: shape.with({ memoryPerByteMax: 8 }) }),
    ]
    for (const first of made) {
      const factory = new millrace.ProtoFactory().add('game', bits(first))
      for (const second of made) {
        const again = () => factory.add('game', bits(second))
        if (first === second) expect(again()).toBe(factory)
        else expect(again).toThrowError(taken('and this is'))
      }
    }
  })

  it('is another when its codec is, or its options', () => {
    const factory = new millrace.ProtoFactory()
    expect(() => factory.add('msgpack', bits(gameOf(millrace)))).toThrowError(
      taken("and this is 'bits' (contract "),
    )
    expect(() => factory.add('msgpack', msgpack({ limits: { keysMax: 5 } }))).toThrowError(taken('keysMax 5'))
    expect(() => factory.add('msgpack', extend.tcp() as never)).toThrowError(
      taken('and this is transport (tcp)'),
    )
    expect(() => factory.add('tcp', extend.ipc() as never)).toThrowError(
      taken("'tcp' is registered already, as transport (tcp), and this is transport (ipc)"),
    )
  })

  it('is the same only as an object when it has functions of the program', () => {
    class Point {}
    const point = {
      type: 1,
      matches: (value: object) => value instanceof Point,
      encode: () => new Uint8Array(1),
    }
    const make = () => msgpack({ extensions: [{ ...point, decode: () => new Point() }] })
    const first = make()
    const factory = new millrace.ProtoFactory().add('world', first).add('world', first)
    expect(() => factory.add('world', make())).toThrowError(
      taken("and this is 'msgpack' (that object alone)"),
    )
  })
})

describe('what the other copy made', () => {
  it('is taken by a contract of this one', () => {
    const { contract, request, message } = millrace
    const theirs = other.millrace
    const mixed = contract({
      chat: theirs.message({ line: theirs.text(40) }, { from: 'client' }),
      ask: theirs.request({ a: theirs.u32 }, theirs.u32),
      seen: schema.map(theirs.text(5), theirs.u32, 4),
      near: schema.range(other.schema.u16, 0, 9),
    })
    const own = contract({
      chat: message({ line: millrace.text(40) }, { from: 'client' }),
      ask: request({ a: millrace.u32 }, millrace.u32),
      seen: schema.map(millrace.text(5), millrace.u32, 4),
      near: schema.range(schema.u16, 0, 9),
    })
    expect(mixed.fingerprint).toBe(own.fingerprint)
    const { schema: seen } = mixed.entries[2]
    const value = new Map([['a', 1]])
    expect(seen.decode(seen.encode(value))).toMatchObject({ ok: true, value })
  })

  it('talks with what this one made', async () => {
    const server = new millrace.ProtoFactory()
      .add('game', other.millrace.bits(gameOf(other.millrace)))
      .create('tcp', '127.0.0.1', 0, 'game')
    ends.push(() => server.destroy())
    server.on('accepted', (_pipe, channel) => {
      channel.onMessage('ask', ({ a }) => {
        if (a === 0) throw new other.millrace.RequestError('not zero')
        return a + 1
      })
    })
    await server.bind()
    const client = new other.millrace.ProtoFactory()
      .add('game', millrace.bits(gameOf(millrace)))
      .create('tcp', '127.0.0.1', server.address?.port as number, 'game')
    ends.push(() => client.destroy())
    const channel = await client.open()
    expect(await channel.request('ask', { a: 1 })).toBe(2)
    const failure = channel.request('ask', { a: 0 })
    await expect(failure).rejects.toThrow('not zero')
    await expect(failure).rejects.toBeInstanceOf(millrace.MillraceError)
  })

  it('is told apart from a message, when it is the mark of what does not decode', () => {
    expect(other.extend.undecodable).toBe(extend.undecodable)
  })

  it('that can not be used is told so', async () => {
    const server = new millrace.ProtoFactory().create('tcp', '127.0.0.1', 0, 'msgpack')
    ends.push(() => server.destroy())
    await server.bind()
    expect(server.getProto().as(millrace.Tcp)).toBeInstanceOf(millrace.Tcp)
    const text = 'two copies of Millrace are loaded'
    expect(() => server.getProto().as(other.millrace.Tcp)).toThrowError(
      expect.objectContaining({ code: 'proto-mismatch', message: expect.stringContaining(text) }),
    )
    const lobby = await new millrace.ProtoFactory().create('local', 'lobby', 'msgpack').bind()
    ends.push(() => lobby.destroy())
    const channel = await lobby.open('local')
    expect(() => new other.millrace.Sink(() => {}).attach(channel as never)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid', message: expect.stringContaining(text) }),
    )
    for (const value of [undefined, null, 5, {}])
      expect(() => new millrace.Sink(() => {}).attach(value as never)).toThrowError(
        'a sink wants a channel; got',
      )
  })

  it('is a timestamp to msgpack', () => {
    const [own, theirs] = [ownMsgpack, otherMsgpack].map(({ MsgpackTimestamp }) => new MsgpackTimestamp(1, 2))
    expect(ownMsgpack.encode(theirs)).toEqual(ownMsgpack.encode(own))
  })

  it('is known as an error, and no class that extends one is', () => {
    class Own extends millrace.MillraceError {}
    const error = new other.millrace.MillraceError('unsupported', 'no')
    expect(error).toBeInstanceOf(millrace.MillraceError)
    expect(error).not.toBeInstanceOf(Own)
    expect(new Own('unsupported', 'no')).toBeInstanceOf(Own)
    expect(new Own('unsupported', 'no')).toBeInstanceOf(other.millrace.MillraceError)
    for (const value of [new Error('no'), {}, null, undefined, 'no'])
      expect(value instanceof millrace.MillraceError).toBe(false)
  })
})
