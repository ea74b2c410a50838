import { defaultTraits, type MessageOptions } from '@millrace/core'
import { f32, text, u8, u32 } from 'bitsery-ts'
import { describe, expect, it } from 'vitest'
import { BitsCodec } from './bits.ts'
import { contract, message, request } from './contract.ts'

const move = { x: f32 }

function traitsOf(options: MessageOptions) {
  return contract({ move: message(move, options) }).entries[0].traits
}

describe('the traits of a message', () => {
  it('are the defaults where nothing is said', () => {
    const { keys } = new BitsCodec(contract({ plain: move, traited: message(move), buy: request({}, {}) }))
    expect(keys.traits(0)).toEqual({ ...defaultTraits, kind: 'message' })
    expect(keys.traits(1)).toEqual(keys.traits(0))
    expect(keys.traits(2)).toEqual({ ...defaultTraits, kind: 'request' })
    expect(keys.traits(3)).toBe(defaultTraits)
    expect(keys.traits(-1)).toBe(defaultTraits)
  })

  it('are kept, and frozen', () => {
    const options = { from: 'client', delivery: 'sequenced', lane: 3, rate: 60, sizeMax: 16 } as const
    const traits = traitsOf(options)
    expect(traits).toEqual({ kind: 'message', burst: 60, ...options })
    expect(Object.isFrozen(traits)).toBe(true)
    expect(traitsOf({ rate: 0.5 })).toMatchObject({ rate: 0.5, burst: 1 })
    expect(traitsOf({ rate: 10, burst: 100 })).toMatchObject({ rate: 10, burst: 100 })
    expect(traitsOf({ from: undefined, lane: undefined, rate: undefined })).toEqual(traitsOf({}))
  })

  it.each([
    [{ from: 'peer' }, "from is 'client' or 'server'; got peer"],
    [{ from: 'either' }, "from is 'client' or 'server'; got either"],
    [{ delivery: 'best' }, 'delivery is one of reliable, reliableUnordered'],
    [{ lane: 16 }, 'lane is a whole number from 0 to 15; got 16'],
    [{ lane: 0.5 }, 'lane is a whole number'],
    [{ rate: 0 }, 'rate is a positive number of messages a second; got 0'],
    [{ rate: '60' }, 'rate is a positive number'],
    [{ rate: Number.NaN }, 'rate is a positive number'],
    [{ burst: 5 }, 'burst goes with rate'],
    [{ rate: 5, burst: 0 }, 'burst is a number of messages, at least 1; got 0'],
    [{ sizeMax: 0 }, 'sizeMax is a positive whole number of bytes; got 0'],
    [{ sizeMax: 3 }, 'takes at least 4 bytes; its sizeMax is 3'],
    [{ size: 3 }, 'its traits are from, delivery, lane, rate, burst, sizeMax; got size'],
    [null, 'its traits are an object; got null'],
  ])('cannot be %j', (options, text) => {
    const make = () => traitsOf(options as MessageOptions)
    expect(make).toThrow(text)
    expect(make).toThrow(expect.objectContaining({ code: 'argument-invalid' }))
    expect(make).toThrow("message 'move'")
  })

  it('of a request let it arrive', () => {
    const make = () => contract({ buy: request({}, {}, { delivery: 'sequenced' as 'reliable' }) })
    expect(make).toThrow("message 'buy': a request is delivered reliable or reliableUnordered; got sequenced")
  })
})

describe('the fingerprint', () => {
  const print = (options: MessageOptions) => contract({ move: message(move, options) }).fingerprint
  const plain = contract({ move }).fingerprint

  it('is the same with and without traits that say nothing new', () => {
    expect(print({})).toBe(plain)
    expect(print({ delivery: 'reliable', lane: 0 })).toBe(plain)
    // As it always was: contracts without traits fit those of programs that know none.
    expect(plain).toBe('332106a87462548b')
  })

  it('counts who sends a message, how and in which lane; not how often or how large', () => {
    const prints = [plain, print({ from: 'client' }), print({ from: 'server' })]
    prints.push(print({ delivery: 'unreliable' }), print({ delivery: 'sequenced' }), print({ lane: 1 }))
    expect(new Set(prints).size).toBe(prints.length)
    expect(print({ rate: 60, burst: 5, sizeMax: 100 })).toBe(plain)
    const table = (options: MessageOptions) =>
      new BitsCodec(contract({ move: message(move, options), chat: { line: u8 } })).contract.table.entries
    expect(table({ from: 'client' })[0]).not.toEqual(table({})[0])
    expect(table({ from: 'client' })[1]).toEqual(table({})[1])
  })
})

describe('sizeMax', () => {
  const codec = new BitsCodec(
    contract({ chat: message({ line: text(2000) }, { sizeMax: 12 }), other: { n: u32 } }),
  )
  const target = (size: number) => {
    const bytes = new Uint8Array(size)
    return { bytes, view: new DataView(bytes.buffer) }
  }

  it('is kept when a message is written', () => {
    expect(codec.encode(0, { line: 'x'.repeat(11) }, target(100), 0)).toBe(12)
    const write = () => codec.encode(0, { line: 'x'.repeat(12) }, target(100), 0)
    expect(write).toThrow(expect.objectContaining({ code: 'message-too-large' }))
    expect(write).toThrow("message 'chat' of 13 bytes; at most 12 are allowed (sizeMax)")
  })

  it('is kept before a message is read', () => {
    const source = target(100)
    const end = new BitsCodec(contract({ chat: { line: text(2000) } })).encode(
      0,
      { line: 'x'.repeat(12) },
      source,
      0,
    )
    expect(codec.decode(0, source, 0, end)).not.toMatchObject({ line: expect.anything() })
    expect(codec.decodeError()).toBe("message 'chat' of 13 bytes; at most 12 are allowed (sizeMax)")
    source.bytes[0] = 11
    expect(codec.decode(0, source, 0, 12)).toEqual({ line: 'x'.repeat(11) })
  })
})
