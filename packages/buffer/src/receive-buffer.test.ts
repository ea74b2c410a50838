import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockPool } from './block-pool.ts'
import { ReceiveBuffer } from './receive-buffer.ts'

function content(buffer: ReceiveBuffer): number[] {
  return [...buffer.bytes.subarray(buffer.start, buffer.end)]
}

/** `count` bytes that count up from `first`. */
function series(first: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => first + index)
}

describe('ReceiveBuffer', () => {
  it('holds no memory while it is empty', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new ReceiveBuffer(pool)
    expect(buffer.bytes.length).toBe(0)
    expect(buffer.append(new Uint8Array(0))).toBe('stored')
    expect(pool.statistics().takeCount).toBe(0)
    buffer.append(series(0, 10))
    buffer.consume(4)
    expect(pool.outstanding().length).toBe(1)
    buffer.consume(6)
    expect(pool.outstanding()).toEqual([])
    expect([buffer.start, buffer.end, buffer.size, buffer.bytes.length]).toEqual([0, 0, 0, 0])
  })

  it('appends parts of a chunk, and consumes without moving', () => {
    const buffer = new ReceiveBuffer(new BlockPool({ checks: 'on' }))
    buffer.append(series(0, 100), 10, 20)
    buffer.append(series(0, 100), 50, 90)
    expect(content(buffer)).toEqual([...series(10, 10), ...series(50, 40)])
    const { bytes } = buffer
    buffer.consume(5)
    expect(buffer.start).toBe(5)
    expect(buffer.bytes).toBe(bytes)
    expect(buffer.view.getUint8(buffer.start)).toBe(15)
  })

  it('grows into the next larger block and gives the smaller one back', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new ReceiveBuffer(pool)
    buffer.append(series(0, 64))
    buffer.append(series(64, 1))
    expect(buffer.bytes.length).toBe(128)
    expect(content(buffer)).toEqual([...series(0, 65)])
    expect(pool.outstanding().map(({ size }) => size)).toEqual([128])
  })

  it('moves the content to the front rather than grow when that frees half of the block', () => {
    const pool = new BlockPool()
    const buffer = new ReceiveBuffer(pool)
    buffer.append(series(0, 64))
    buffer.consume(40)
    buffer.append(series(64, 30))
    expect(buffer.bytes.length).toBe(64)
    expect(buffer.start).toBe(0)
    expect(content(buffer)).toEqual([...series(40, 54)])
    expect(pool.statistics().takeCount).toBe(1)
  })

  it('copies each byte a bounded number of times however it is fed', () => {
    const buffer = new ReceiveBuffer(new BlockPool())
    buffer.append(new Uint8Array(60_000))
    let moves = 0
    let start = buffer.start
    for (let step = 0; step < 200_000; step++) {
      buffer.append(series(step & 0xff, 1))
      if (buffer.start < start) moves++
      buffer.consume(1)
      start = buffer.start
    }
    expect(moves).toBeGreaterThan(0)
    expect(moves).toBeLessThan(8)
  })

  it("answers 'full' beyond sizeMax and changes nothing", () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new ReceiveBuffer(pool, { sizeMax: 100 })
    expect(buffer.append(series(0, 101))).toBe('full')
    expect(buffer.reserve(101)).toBe('full')
    expect(pool.outstanding()).toEqual([])
    expect(buffer.append(series(0, 100))).toBe('stored')
    expect(buffer.append(series(0, 1))).toBe('full')
    buffer.consume(1)
    expect(buffer.append(series(100, 1))).toBe('stored')
    expect(content(buffer)).toEqual([...series(1, 100)])
  })

  it('never takes more than twice sizeMax, whatever the order', () => {
    const buffer = new ReceiveBuffer(new BlockPool({ sizeMin: 1, sizeMax: 64 }), { sizeMax: 100 })
    for (let step = 0; step < 1000; step++) {
      buffer.append(new Uint8Array((step * 7) % 50))
      if (buffer.size > 60) buffer.consume((step * 13) % 60)
      expect(buffer.bytes.length).toBeLessThanOrEqual(200)
    }
  })

  it('reserves room in one piece, to be written in place', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new ReceiveBuffer(pool)
    buffer.append(series(0, 10))
    expect(buffer.reserve(5000)).toBe('reserved')
    const { bytes } = buffer
    expect(bytes.length - buffer.end).toBeGreaterThanOrEqual(5000)
    buffer.append(new Uint8Array(4999))
    expect(buffer.bytes).toBe(bytes)
    bytes[buffer.end++] = 42
    expect(content(buffer).slice(-2)).toEqual([0, 42])
    buffer.release()
    expect(buffer.reserve(10)).toBe('reserved')
    buffer.consume(0)
    expect(buffer.bytes.length).toBe(64)
    buffer.release()
    buffer.release()
    expect(pool.outstanding()).toEqual([])
  })

  it('refuses ranges and sizes that cannot be', () => {
    const buffer = new ReceiveBuffer(new BlockPool())
    buffer.append(series(0, 10))
    const chunk = new Uint8Array(4)
    const code = { code: 'size-out-of-range' }
    for (const [from, to] of [
      [-1, 2],
      [0, 5],
      [3, 2],
      [Number.NaN, 2],
    ]) {
      expect(() => buffer.append(chunk, from, to)).toThrow(expect.objectContaining(code))
    }
    for (const size of [11, -1, Number.NaN]) {
      expect(() => buffer.consume(size)).toThrow(expect.objectContaining(code))
    }
    for (const size of [-1, 1.5, Number.NaN]) {
      expect(() => buffer.reserve(size)).toThrow(expect.objectContaining(code))
    }
    expect(() => new ReceiveBuffer(new BlockPool(), { sizeMax: 0 })).toThrow(expect.objectContaining(code))
    expect(content(buffer)).toEqual([...series(0, 10)])
  })

  it('behaves like an array that is appended to and cut at the front', () => {
    const size = fc.integer({ min: 0, max: 700 })
    const command = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), size, from: size }),
      fc.record({ kind: fc.constant('consume' as const), size, from: size }),
      fc.record({ kind: fc.constant('reserve' as const), size, from: size }),
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), size, from: size }) },
    )
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 80 }),
        fc.integer({ min: 1, max: 1500 }),
        (commands, sizeMax) => {
          const pool = new BlockPool({ sizeMax: 1024, checks: 'on' })
          const buffer = new ReceiveBuffer(pool, { sizeMax })
          let model: number[] = []
          let next = 0
          for (const { kind, size, from } of commands) {
            if (kind === 'append') {
              const chunk = series(next, from + size + 3)
              const fits = model.length + size <= sizeMax
              expect(buffer.append(chunk, from, from + size)).toBe(fits ? 'stored' : 'full')
              if (fits) model.push(...chunk.subarray(from, from + size))
              next += size
            } else if (kind === 'consume') {
              const count = Math.min(size, model.length)
              buffer.consume(count)
              model = model.slice(count)
            } else if (kind === 'reserve') {
              const fits = model.length + size <= sizeMax
              expect(buffer.reserve(size)).toBe(fits ? 'reserved' : 'full')
              if (fits) expect(buffer.bytes.length - buffer.end).toBeGreaterThanOrEqual(size)
            } else {
              buffer.release()
              model = []
            }
            expect(content(buffer)).toEqual(model)
            expect(buffer.size).toBe(model.length)
            expect(buffer.view.byteLength).toBe(buffer.bytes.length)
            expect(pool.outstanding().length).toBeLessThanOrEqual(1)
          }
          buffer.release()
          expect(pool.outstanding()).toEqual([])
        },
      ),
      { numRuns: 300, seed: 1001 },
    )
  })
})
