import { describe, expect, it } from 'vitest'
import { type Codec, checkCodec } from './codec.ts'

type Thing = { x: number; list: number[]; name: string }

describe('checkCodec', () => {
  const data = { values: [{ x: 0.5, list: [1, 2], name: 'a' }], bitsery: {} }

  /** JSON, with what came back changed by `change`. */
  function codecWith(change: (value: Thing) => unknown): Codec {
    return {
      encode: (value) => Buffer.from(JSON.stringify(value)),
      decode: (bytes) => change(JSON.parse(Buffer.from(bytes).toString()) as Thing),
    }
  }

  it('accepts what is equal, and the name of a type', () => {
    checkCodec(
      codecWith((value) => value),
      data,
      'move',
    )
    checkCodec(
      codecWith((value) => ({ $typeName: 'game.Move', ...value })),
      data,
      'move',
    )
  })

  it.each([
    ['a number', (value: Thing) => ({ ...value, x: 0.25 })],
    ['an element', (value: Thing) => ({ ...value, list: [1, 3] })],
    ['a missing element', (value: Thing) => ({ ...value, list: [1] })],
    ['a missing field', ({ x, list }: Thing) => ({ x, list })],
    ['a field too many', (value: Thing) => ({ ...value, y: 1 })],
    ['another type', (value: Thing) => ({ ...value, name: 1 })],
    ['nothing', () => null],
  ])('rejects %s', (_what, change) => {
    expect(() => checkCodec(codecWith(change), data, 'move')).toThrow('object 0 of move came back changed')
  })

  it('allows the fields that have a precision to be as far away, and no other', () => {
    const near = codecWith((value) => ({ ...value, x: 0.4375 }))
    expect(() => checkCodec(near, data, 'move', { x: 0.0625 })).not.toThrow()
    expect(() => checkCodec(near, data, 'move', { x: 0.05 })).toThrow('came back changed')
    expect(() => checkCodec(near, data, 'move', { y: 0.0625 })).toThrow('came back changed')
  })

  it('looks at both ways of a codec', () => {
    const codec = codecWith((value) => value)
    expect(() => checkCodec({ ...codec, write: () => 1 }, data, 'move')).toThrow('came back changed')
    const readerOver = () => () => ({})
    expect(() => checkCodec({ ...codec, readerOver }, data, 'move')).toThrow('came back changed')
  })
})
