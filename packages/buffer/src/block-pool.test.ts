import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block } from './block.ts'
import { BlockPool } from './block-pool.ts'
import { BufferError, type BufferErrorCode } from './buffer-error.ts'

function codeOf(action: () => unknown): BufferErrorCode | 'nothing thrown' {
  try {
    action()
  } catch (error) {
    if (error instanceof BufferError) return error.code
    throw error
  }
  return 'nothing thrown'
}

/** Numbers from 0 up to below 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('BlockPool take and give', () => {
  it.each([
    [0, 64],
    [1, 64],
    [64, 64],
    [65, 128],
    [4096, 4096],
    [4097, 8192],
    [1024 * 1024 + 1, 2 * 1024 * 1024],
    [2 * 1024 * 1024, 2 * 1024 * 1024],
    [2 * 1024 * 1024 + 1, 2 * 1024 * 1024 + 1],
  ])('serves %i bytes with a block of %i', (sizeMin, size) => {
    const block = new BlockPool().take(sizeMin)
    expect(block.bytes.length).toBe(size)
    expect(block.view.byteLength).toBe(size)
  })

  it('picks the smallest power of two that fits, within any bounds', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(8), fc.integer({ min: 1, max: 70_000 }), (low, extra, sizeMin) => {
        const pool = new BlockPool({ sizeMin: 2 ** low, sizeMax: 2 ** (low + extra) })
        let expected = pool.sizeMin
        while (expected < sizeMin) expected *= 2
        if (sizeMin > pool.sizeMax) expected = sizeMin
        expect(pool.take(sizeMin).bytes.length).toBe(expected)
      }),
    )
  })

  it('hands out the block given back last, without allocating', () => {
    const pool = new BlockPool()
    const first = pool.take(100)
    const second = pool.take(100)
    expect(second.bytes.buffer).not.toBe(first.bytes.buffer)
    pool.give(first)
    pool.give(second)
    expect(pool.take(128)).toBe(second)
    expect(pool.take(65)).toBe(first)
    expect(pool.statistics()).toMatchObject({ takeCount: 4, giveCount: 2, missCount: 2, liveCount: 2 })
  })

  it('looks at the same memory through bytes and view, also inside a larger allocation', () => {
    const allocate = (size: number): Uint8Array => new Uint8Array(new ArrayBuffer(size + 24), 8, size)
    const block = new BlockPool({ allocate }).take(64)
    block.view.setUint32(60, 0x01020304, true)
    expect([...block.bytes.subarray(60)]).toEqual([4, 3, 2, 1])
  })

  it('has plain arrays, whatever the allocator has: `slice` of a Node Buffer does not copy', () => {
    class Sharing extends Uint8Array<ArrayBuffer> {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        return this.subarray(start, end)
      }
    }
    const pool = new BlockPool({ allocate: (size) => new Sharing(new ArrayBuffer(size + 24), 8, size) })
    for (const { bytes } of [pool.take(64), pool.take(4 * 1024 * 1024), pool.empty]) {
      const copy = bytes.slice()
      bytes.fill(7)
      expect(copy.includes(7)).toBe(false)
      expect(bytes.constructor).toBe(Uint8Array)
    }
    expect(pool.take(64).bytes.byteOffset).toBe(8)
  })

  it('never keeps oversize memory', () => {
    const pool = new BlockPool({ sizeMax: 1024 })
    const block = pool.take(5000)
    expect(pool.statistics()).toMatchObject({ oversizeCount: 1, missCount: 1, liveCount: 1, liveBytes: 5000 })
    pool.give(block)
    expect(pool.statistics()).toMatchObject({ liveCount: 0, liveBytes: 0, freeCount: 0, freeBytes: 0 })
    expect(codeOf(() => pool.give(block))).toBe('double-give')
    expect(pool.take(5000)).not.toBe(block)
  })

  it('drops what exceeds keepBytesMax or keepCountMax', () => {
    const byBytes = new BlockPool({ keepBytesMax: 300 })
    for (const block of [128, 128, 128].map((size) => byBytes.take(size))) byBytes.give(block)
    expect(byBytes.statistics()).toMatchObject({ freeCount: 2, freeBytes: 256, discardCount: 1 })
    const byCount = new BlockPool({ keepCountMax: 1 })
    for (const block of [64, 64, 128].map((size) => byCount.take(size))) byCount.give(block)
    expect(byCount.statistics()).toMatchObject({ freeCount: 2, freeBytes: 192, discardCount: 1 })
  })

  it.each(['off', 'on'] as const)('refuses a second give and foreign blocks, checks %s', (checks) => {
    const pool = new BlockPool({ checks })
    const block = pool.take(64)
    pool.give(block)
    expect(codeOf(() => pool.give(block))).toBe('double-give')
    expect(codeOf(() => pool.give(new BlockPool({ checks }).take(64)))).toBe('foreign-block')
    expect(codeOf(() => pool.give(pool.empty))).toBe('foreign-block')
    const bytes = new Uint8Array(64)
    expect(codeOf(() => pool.give({ bytes, view: new DataView(bytes.buffer) }))).toBe('foreign-block')
    expect(pool.statistics()).toMatchObject({ giveCount: 1, freeCount: 1 })
  })

  it.each([-1, 1.5, 64.5, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 31)])('refuses to take %d', (size) => {
    expect(codeOf(() => new BlockPool().take(size))).toBe('size-out-of-range')
  })

  it('refuses options that make no sense', () => {
    const options = [
      { sizeMin: 100 },
      { sizeMin: 0 },
      { sizeMax: 2 ** 31 },
      { sizeMin: 128, sizeMax: 64 },
      { keepBytesMax: -1 },
      { keepCountMax: Number.NaN },
      { allocate: () => new Uint8Array(1) },
    ]
    for (const each of options) expect(codeOf(() => new BlockPool(each))).toBe('size-out-of-range')
    expect(codeOf(() => new BlockPool().trim({ keepBytes: -1 }))).toBe('size-out-of-range')
  })
})

describe('BlockPool trim', () => {
  it('frees what lay free since the last trim, and only that', () => {
    const pool = new BlockPool()
    const blocks = Array.from({ length: 10 }, () => pool.take(1024))
    for (const block of blocks) pool.give(block)
    expect(pool.trim()).toBe(0)
    const busy = [pool.take(1024), pool.take(1024), pool.take(1024)]
    for (const block of busy) pool.give(block)
    expect(pool.trim()).toBe(7 * 1024)
    expect(pool.statistics()).toMatchObject({ freeCount: 3, freeBytes: 3072, discardCount: 7 })
    expect(busy).toContain(pool.take(1024))
    expect(pool.trim()).toBe(2 * 1024)
    expect(pool.trim()).toBe(0)
  })

  it('frees everything, largest first, down to keepBytes', () => {
    const pool = new BlockPool()
    for (const block of [64, 64, 4096, 65_536].map((size) => pool.take(size))) pool.give(block)
    expect(pool.trim({ scope: 'all', keepBytes: 5000 })).toBe(65_536)
    expect(pool.statistics()).toMatchObject({ freeBytes: 4096 + 128 })
    expect(pool.trim({ scope: 'all', keepBytes: 64 })).toBe(4096 + 64)
    expect(pool.trim({ scope: 'all' })).toBe(64)
    expect(pool.statistics()).toMatchObject({ freeCount: 0, freeBytes: 0, liveCount: 0 })
  })

  it('leaves live blocks alone', () => {
    const pool = new BlockPool()
    const block = pool.take(64)
    expect(pool.trim({ scope: 'all' })).toBe(0)
    pool.give(block)
    expect(pool.take(64)).toBe(block)
  })
})

describe('BlockPool accounting', () => {
  it.each(['off', 'on'] as const)('adds up over 100,000 random operations, checks %s', (checks) => {
    const seed = 20_240_501
    const random = randomFrom(seed)
    const pool = new BlockPool({ sizeMax: 16_384, keepBytesMax: 256 * 1024, keepCountMax: 40, checks })
    const live: { block: Block; mark: number }[] = []
    let liveBytes = 0
    for (let step = 0; step < 100_000; step++) {
      const choice = random()
      if (choice < 0.0005) pool.trim({ scope: choice < 0.0002 ? 'all' : 'unused', keepBytes: 10_000 })
      if (live.length === 0 || (choice < 0.5 && live.length < 200)) {
        const block = pool.take(Math.floor(2 ** (random() * 14.1)))
        const mark = step & 0xff
        block.bytes[0] = mark
        block.bytes[block.bytes.length - 1] = mark
        live.push({ block, mark })
        liveBytes += block.bytes.length
      } else {
        const [{ block, mark }] = live.splice(Math.floor(random() * live.length), 1)
        const intact = block.bytes[0] === mark && block.bytes[block.bytes.length - 1] === mark
        if (!intact) throw new Error(`seed ${seed} step ${step}: a live block was written by another owner`)
        liveBytes -= block.bytes.length
        pool.give(block)
      }
      if (step % 1000 !== 0) continue
      const now = pool.statistics()
      const where = `seed ${seed} step ${step}`
      expect(now.liveCount, where).toBe(live.length)
      expect(now.liveBytes, where).toBe(liveBytes)
      expect(now.takeCount - now.giveCount, where).toBe(live.length)
      expect(now.freeBytes, where).toBe(
        now.classes.reduce((sum, each) => sum + each.freeCount * each.size, 0),
      )
      expect(now.freeBytes, where).toBeLessThanOrEqual(pool.keepBytesMax)
      expect(Math.max(...now.classes.map((each) => each.freeCount)), where).toBeLessThanOrEqual(40)
      const liveKept = now.classes.reduce((sum, each) => sum + each.liveCount, 0)
      expect(now.missCount - now.oversizeCount, where).toBe(liveKept + now.freeCount + now.discardCount)
    }
    for (const { block } of live) pool.give(block)
    expect(pool.statistics()).toMatchObject({ liveCount: 0, liveBytes: 0 })
    if (checks === 'on') expect(pool.outstanding()).toEqual([])
  })
})

describe('BlockPool checks', () => {
  it('throws on bytes and view after give, for good', () => {
    const pool = new BlockPool({ checks: 'on' })
    const block = pool.take(64)
    pool.give(block)
    expect(codeOf(() => block.bytes)).toBe('use-after-release')
    expect(codeOf(() => block.view)).toBe('use-after-release')
    const next = pool.take(64)
    expect(next.bytes.length).toBe(64)
    expect(codeOf(() => block.bytes)).toBe('use-after-release')
    expect(codeOf(() => pool.give(block))).toBe('double-give')
    expect(() => block.view).toThrow(/block #1 \(64 bytes\).*given back/s)
  })

  it('reports a write through a stale array at the next take, naming block and byte', () => {
    const pool = new BlockPool({ checks: 'on' })
    const block = pool.take(100)
    const stale = block.bytes
    pool.give(block)
    stale[77] = 1
    expect(() => pool.take(100)).toThrow(/byte 77 of block #1 \(128 bytes\)/)
    const next = pool.take(100)
    expect(next.bytes.buffer).not.toBe(stale.buffer)
  })

  it('reports a stale write at trim as well', () => {
    const pool = new BlockPool({ checks: 'on' })
    const block = pool.take(64)
    const stale = block.view
    pool.give(block)
    stale.setUint8(0, 0)
    expect(codeOf(() => pool.trim({ scope: 'all' }))).toBe('stale-write')
    expect(pool.statistics()).toMatchObject({ freeCount: 0, freeBytes: 0 })
  })

  it('fills memory with poison, so that no code counts on zeroes or on old content', () => {
    const pool = new BlockPool({ checks: 'on' })
    const block = pool.take(64)
    const bytes = block.bytes
    expect(bytes.every((byte) => byte === 0xdb)).toBe(true)
    bytes.fill(7)
    pool.give(block)
    expect(bytes.every((byte) => byte === 0xdb)).toBe(true)
  })

  it('lists what is out, with where it was taken', () => {
    const pool = new BlockPool({ checks: 'on', sizeMax: 1024 })
    const blocks = [pool.take(64), pool.take(1000), pool.take(5000)]
    pool.give(blocks[1])
    expect(pool.outstanding()).toMatchObject([
      { id: 1, size: 64 },
      { id: 3, size: 5000 },
    ])
    expect(pool.outstanding()[0].takenAt).toContain('block-pool.test')
    pool.give(blocks[0])
    pool.give(blocks[2])
    expect(pool.outstanding()).toEqual([])
  })

  it('answers outstanding only with checks on', () => {
    expect(codeOf(() => new BlockPool().outstanding())).toBe('checks-off')
  })
})
