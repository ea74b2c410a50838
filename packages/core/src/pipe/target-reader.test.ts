import { FakeNetwork, type FakePlugin, plain, VirtualLoop } from '@millrace/testkit'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { MillraceError } from '../base/millrace-error.ts'
import { local } from '../local/local.ts'
import type { Protocol } from '../ports/protocol.ts'
import type { TransportPlugin } from '../ports/transport.ts'
import type { Pipe } from './pipe.ts'
import { ProtoFactory } from './proto-factory.ts'
import type { AnyMessages } from './target-types.ts'

type Game = { move: { x: number } }
const game = () => plain() as unknown as Protocol<Game>

/** A transport with addresses of two fields, and one more that may be missing. */
function pair(
  streams: FakePlugin,
): TransportPlugin<{ host: string; port: number; path?: string }, [host: string, port: number]> {
  const address = (
    name: string,
    { host, port, path = '/' }: { host: string; port: number; path?: string },
  ) => {
    if (typeof host !== 'string') throw new MillraceError('address-invalid', `${name} wants a host`)
    if (typeof port !== 'number') throw new MillraceError('address-invalid', `${name} wants a port`)
    return { text: `${name}://${host}:${port}${path}` }
  }
  const { matches, create } = streams
  return {
    kind: 'transport',
    matches,
    create,
    addressFields: ['host', 'port'],
    address,
    parse: (name, text) => {
      const [host, port] = text.split(':')
      return address(name, { host, port: Number(port) })
    },
  }
}

function factories() {
  const network = new FakeNetwork(new VirtualLoop(), { seed: 1 })
  const bare = () =>
    new ProtoFactory({ platform: network.platform, name: 'shared' })
      .add('pair', pair(network.streams()))
      .add('one', network.streams())
      .add('local', local())
      .add('game', game())
  return { bare: bare(), full: bare().add('msgpack', plain()) }
}

const { bare, full } = factories()
const failing = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

describe('where a pipe leads', () => {
  it('is said by position, as an object, or as a URL', () => {
    for (const pipe of [
      full.create('pair', 'host', 7, 'game'),
      full.create({ transport: 'pair', host: 'host', port: 7, protocol: 'game' }),
      full.create('pair://host:7', 'game'),
    ]) {
      expectTypeOf(pipe).toEqualTypeOf<Pipe<Game>>()
      expect(pipe.describe()).toBe("pipe 'shared' pair://host:7/ 'game' fresh, 0 channels")
    }
    expect(full.create('one', 'x', 'game').address?.text).toBe('one://x')
    expect(full.create('local://lobby', 'game').address?.text).toBe('local://lobby')
    expect(full.create({ transport: 'local', place: 'lobby', protocol: 'game' }).address?.text).toBe(
      'local://lobby',
    )
  })

  it('may have fields that only the object form has', () => {
    const pipe = full.create({ transport: 'pair', host: 'host', port: 7, path: '/game', protocol: 'game' })
    expect(pipe.address?.text).toBe('pair://host:7/game')
  })

  it('takes options in each form', () => {
    for (const pipe of [
      full.create('pair', 'host', 7, 'game', { name: 'own' }),
      full.create({ transport: 'pair', host: 'host', port: 7, protocol: 'game', name: 'own' }),
      full.create('pair://host:7', 'game', { name: 'own' }),
    ]) {
      expect(pipe.describe()).toMatch(/^pipe 'own'/)
    }
    expect(() => full.create({ transport: 'one', place: 'x', maxRequests: -1 })).toThrow(
      failing('argument-invalid', /maxRequests/),
    )
    // Options and protocol may be undefined, as they may be left out.
    expect(full.create('pair', 'host', 7, 'game', undefined).describe()).toContain("'game'")
    expect(full.create('pair://host:7', undefined, undefined).describe()).toContain("'msgpack'")
    expect(full.create({ transport: 'one', place: 'x', name: undefined }).describe()).toContain("'shared'")
    // @ts-expect-error: no such option
    full.create('pair', 'host', 7, 'game', { maxRequest: 1 })
    // @ts-expect-error: no such option
    full.create({ transport: 'one', place: 'x', maxRequest: 1 })
  })

  it('speaks msgpack when no protocol is named, if there is one', () => {
    for (const pipe of [
      full.create('pair', 'host', 7),
      full.create({ transport: 'pair', host: 'host', port: 7 }),
      full.create('pair://host:7'),
    ]) {
      expectTypeOf(pipe).toEqualTypeOf<Pipe<AnyMessages>>()
      expect(pipe.describe()).toContain("'msgpack'")
    }
    const missing = failing(
      'protocol-unknown',
      /^name a protocol; only 'msgpack' may be left out.*known are: game$/,
    )
    // @ts-expect-error: this factory has no msgpack
    expect(() => bare.create('pair', 'host', 7)).toThrow(missing)
    // @ts-expect-error: this factory has no msgpack
    expect(() => bare.create({ transport: 'pair', host: 'host', port: 7 })).toThrow(missing)
    // @ts-expect-error: this factory has no msgpack
    expect(() => bare.create('pair://host:7')).toThrow(missing)
  })

  it('is refused by the compiler and at run time when the transport is unknown', () => {
    const unknown = failing(
      'transport-unknown',
      /^no transport 'piar'; known are: pair, one, local; did you mean 'pair'\?$/,
    )
    // @ts-expect-error: no such transport
    expect(() => full.create('piar', 'host', 7, 'game')).toThrow(unknown)
    // @ts-expect-error: no such transport
    expect(() => full.create({ transport: 'piar', host: 'host', port: 7, protocol: 'game' })).toThrow(unknown)
    // @ts-expect-error: no such transport
    expect(() => full.create('piar://host:7', 'game')).toThrow(unknown)
    // @ts-expect-error: no such transport
    expect(() => full.create('udp', 'host', 7, 'game')).toThrow(failing('transport-unknown', /local$/))
    // @ts-expect-error: no transport at all
    expect(() => full.create({ host: 'host', port: 7, protocol: 'game' })).toThrow(
      failing('transport-unknown', /undefined/),
    )
  })

  it('is refused by the compiler and at run time when the protocol is unknown', () => {
    const unknown = failing(
      'protocol-unknown',
      /^no protocol 'gaem'; known are: game, msgpack; did you mean 'game'\?$/,
    )
    // @ts-expect-error: no such protocol
    expect(() => full.create('pair', 'host', 7, 'gaem')).toThrow(unknown)
    // @ts-expect-error: no such protocol
    expect(() => full.create({ transport: 'pair', host: 'host', port: 7, protocol: 'gaem' })).toThrow(unknown)
    // @ts-expect-error: no such protocol
    expect(() => full.create('pair://host:7', 'gaem')).toThrow(unknown)
  })

  it('is refused by the compiler and at run time when the address is not whole', () => {
    const noPort = failing('address-invalid', /^pair wants a port/)
    // @ts-expect-error: no port
    expect(() => full.create('pair', 'host')).toThrow(noPort)
    // @ts-expect-error: no port
    expect(() => full.create('pair', 'host', 'game')).toThrow(noPort)
    // @ts-expect-error: no port
    expect(() => full.create('pair', 'host', { name: 'own' })).toThrow(noPort)
    // @ts-expect-error: no port
    expect(() => full.create({ transport: 'pair', host: 'host', protocol: 'game' })).toThrow(noPort)
    // @ts-expect-error: a port is a number
    expect(() => full.create('pair', 'host', '7', 'game')).toThrow(noPort)
    // @ts-expect-error: one word is enough
    expect(() => full.create('one', 'x', 7, 'game')).toThrow(
      failing('argument-invalid', /too many arguments: 'game'/),
    )
    // @ts-expect-error: all is said in the object
    expect(() => full.create({ transport: 'one', place: 'x' }, 'game')).toThrow(
      failing('argument-invalid', /'game'/),
    )
  })
})

describe('a pipe without an address', () => {
  it('is what a name alone makes, unless it is the name of a transport or looks like a URL', () => {
    expect(full.create('lobby').describe()).toBe("pipe 'lobby' nowhere fresh, 0 channels")
    expect(full.create('lobby', { maxRequests: 1 }).describe()).toContain("'lobby'")
    expect(full.create().describe()).toBe("pipe 'shared' nowhere fresh, 0 channels")
    // @ts-expect-error: its address is missing
    expect(() => full.create('pair')).toThrow(failing('address-invalid', /^pair wants a host/))
    // @ts-expect-error: no such transport
    expect(() => full.create('piar://host:7')).toThrow(failing('transport-unknown', /did you mean 'pair'/))
  })

  it('is told one by bind, in each of the three forms, and has the types of the protocol then', async () => {
    const loop = new VirtualLoop()
    const network = new FakeNetwork(loop, { seed: 1 })
    const factory = new ProtoFactory({ platform: network.platform })
      .add('one', network.streams())
      .add('pair', pair(network.streams()))
      .add('game', game())
    const places = ['one://a', 'one://b', 'one://c', 'pair://d:7/']
    const pipes = await loop.until(
      Promise.all([
        factory.create().bind('one', 'a', 'game'),
        factory.create().bind('one://b', 'game'),
        factory.create().bind({ transport: 'one', place: 'c', protocol: 'game' }),
        factory.create().bind('pair', 'd', 7, 'game'),
      ]),
    )
    expect(pipes.map((pipe) => pipe.address?.text)).toEqual(places)
    for (const pipe of pipes) {
      expectTypeOf(pipe).toEqualTypeOf<Pipe<Game>>()
      pipe.destroy()
    }
    await loop.advance(1000)
  })

  it('is refused by the compiler and at run time like create', async () => {
    const pipe = full.create('lobby')
    const wrong = [
      // @ts-expect-error: no such transport
      pipe.bind('piar', 'host', 7, 'game'),
      // @ts-expect-error: no such protocol
      pipe.bind('pair', 'host', 7, 'gaem'),
      // @ts-expect-error: no port
      pipe.bind('pair', 'host'),
      // @ts-expect-error: options are given to create
      pipe.bind('one', 'x', 'game', { name: 'own' }),
    ]
    const codes = await Promise.all(wrong.map((binding) => binding.catch((error) => error.code)))
    expect(codes).toEqual(['transport-unknown', 'protocol-unknown', 'address-invalid', 'argument-invalid'])
  })
})
