import { describe, expect, it } from 'vitest'
import { encode, MsgpackReader } from './index.ts'
import { KeyCache } from './key-cache.ts'
import { KeyShapes } from './key-shapes.ts'

describe('what a reader remembers of keys', () => {
  it('KeyShapes stays bounded and starts over when it is full of strangers', () => {
    const shapes = new KeyShapes()
    let most = 0
    for (let index = 0; index < 200_000; index++) {
      const key = `k${index}`
      const first = shapes.grow(shapes.root, key, encode(key))
      if (first !== undefined)
        for (let next = 0; next < 3; next++) shapes.grow(first, `n${next}`, encode(`n${next}`))
      most = Math.max(most, shapes.count)
    }
    expect(most).toBeGreaterThan(32)
    expect(most).toBeLessThanOrEqual(2048)
    const before = shapes.root
    for (let index = 0; index < 10_000; index++) shapes.grow(shapes.root, `z${index}`, encode(`z${index}`))
    expect(shapes.root).not.toBe(before)
  })

  it('KeyShape finds each of its children, whatever was found last', () => {
    const { root } = new KeyShapes()
    const shapes = new KeyShapes()
    const names = ['a', 'ab', 'b', 'id', 'type']
    for (const name of names) shapes.grow(root, name, encode(name))
    for (const name of [...names, ...names.toReversed(), 'b', 'a', 'b', 'type', 'type', 'id']) {
      const bytes = encode(name)
      expect(root.match(bytes, 0, bytes.length)?.text).toBe(name)
      expect(root.match(bytes, 0, bytes.length - 1)?.text).not.toBe(name)
    }
    const other = encode('c')
    expect(root.match(other, 0, other.length)).toBe(undefined)
  })

  it('KeyCache returns a text for exactly its bytes, though slots collide', () => {
    const cache = new KeyCache()
    const keys = Array.from({ length: 5000 }, (_, index) => Buffer.from(`key-${index}`))
    for (let pass = 0; pass < 2; pass++) {
      for (const key of keys) {
        const slot = cache.slot(key, 0, key.length)
        const text = cache.find(slot, key, 0, key.length)
        if (text !== undefined) expect(text).toBe(key.toString())
        cache.keep(slot, key, 0, key.length, key.toString())
        expect(cache.find(slot, key, 0, key.length)).toBe(key.toString())
      }
    }
    expect(cache.slot(new Uint8Array(33), 0, 33)).toBe(-1)
  })

  it('a reader reads right among 30,000 kinds of maps', () => {
    const reader = new MsgpackReader()
    for (let index = 0; index < 30_000; index++) {
      const value = { [`a${index % 700}`]: index, [`b${index % 13}`]: 1, [`c${index}`]: { id: 1, x: 2 } }
      const bytes = encode(value)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const read = reader.read(bytes, view, 0, bytes.length) as Record<string, unknown>
      if (JSON.stringify(read) !== JSON.stringify(value)) expect(read).toEqual(value)
    }
    expect(reader.error).toBe('')
  })
})
