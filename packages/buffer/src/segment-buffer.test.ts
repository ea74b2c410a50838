import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockPool } from './block-pool.ts'
import type { SegmentBatch } from './segment-batch.ts'
import { SegmentBuffer } from './segment-buffer.ts'

function write(buffer: SegmentBuffer, content: Uint8Array | number[]): void {
  const position = buffer.reserve(content.length)
  buffer.bytes.set(content, position)
  buffer.commit(position + content.length)
}

/** A writer that gives up: it has written, perhaps more than it asked for, and does not commit. */
function scribble(buffer: SegmentBuffer, size: number): void {
  const position = buffer.reserve(size)
  buffer.bytes.fill(0xee, position)
}

function joined(batch: SegmentBatch): number[] {
  return batch.segments.flatMap((segment) => [...segment])
}

function sizes(batch: SegmentBatch): number[] {
  return batch.segments.map((segment) => segment.length)
}

const OUT_OF_RANGE = expect.objectContaining({ code: 'size-out-of-range' })

describe('SegmentBuffer', () => {
  it('holds no memory while it is empty, before and after a batch', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool)
    expect([buffer.bytes.length, buffer.view.byteLength, buffer.offset, buffer.size]).toEqual([0, 0, 0, 0])
    write(buffer, [1, 2, 3])
    const batch = buffer.take()
    expect([buffer.bytes.length, buffer.view.byteLength, buffer.offset, buffer.size]).toEqual([0, 0, 0, 0])
    expect(pool.outstanding().length).toBe(1)
    batch.release()
    expect(pool.outstanding()).toEqual([])
  })

  it('hands over small messages as one segment of a small block, without a copy', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool)
    write(buffer, [1, 2, 3])
    const position = buffer.reserve(2)
    buffer.view.setUint16(position, 0x0405)
    buffer.commit(position + 2)
    expect(buffer.size).toBe(5)
    const memory = buffer.bytes.buffer
    const batch = buffer.take()
    expect(batch.size).toBe(5)
    expect(batch.segments.length).toBe(1)
    expect(batch.segments[0].buffer).toBe(memory)
    expect(joined(batch)).toEqual([1, 2, 3, 4, 5])
    expect(pool.outstanding().map(({ size }) => size)).toEqual([2048])
  })

  it('goes on in equal blocks after the small first one, keeping what was reserved in one piece', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool, { blockSize: 1024, firstBlockSize: 128 })
    for (let step = 0; step < 30; step++) write(buffer, new Uint8Array(100).fill(step))
    const batch = buffer.take()
    expect(sizes(batch)).toEqual([100, 1000, 1000, 900])
    expect(pool.outstanding().map(({ size }) => size)).toEqual([128, 1024, 1024, 1024])
    batch.release()
    expect(pool.outstanding()).toEqual([])
  })

  it('begins with a whole block after a large batch, and with a small one again after a small batch', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool, { blockSize: 1024, firstBlockSize: 128 })
    const firstBlockAfter = (size: number) => {
      write(buffer, new Uint8Array(size))
      buffer.take().release()
      write(buffer, [1])
      const { length } = buffer.bytes
      buffer.take().release()
      return length
    }
    expect(firstBlockAfter(511)).toBe(128)
    expect(firstBlockAfter(512)).toBe(1024)
    expect(firstBlockAfter(1)).toBe(128)
    expect(pool.outstanding()).toEqual([])
  })

  it('takes one large block for what exceeds blockSize', () => {
    const pool = new BlockPool({ checks: 'on', sizeMax: 4096 })
    const buffer = new SegmentBuffer(pool, { blockSize: 1024, firstBlockSize: 128 })
    write(buffer, [7])
    write(buffer, new Uint8Array(3000).fill(1))
    write(buffer, new Uint8Array(5000).fill(2))
    write(buffer, [8])
    const batch = buffer.take()
    expect(sizes(batch)).toEqual([1, 3000, 5000, 1])
    expect(pool.outstanding().map(({ size }) => size)).toEqual([128, 4096, 5000, 1024])
    batch.release()
    expect(pool.outstanding()).toEqual([])
  })

  it('forgets what was reserved and written but not committed', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool, { blockSize: 256, firstBlockSize: 64 })
    scribble(buffer, 60)
    expect(buffer.size).toBe(0)
    scribble(buffer, 200)
    expect(pool.outstanding().map(({ size }) => size)).toEqual([256])
    write(buffer, [1, 2])
    scribble(buffer, 255)
    write(buffer, [3])
    const batch = buffer.take()
    expect(joined(batch)).toEqual([1, 2, 3])
    batch.release()
    buffer.reserve(10)
    const empty = buffer.take()
    expect([empty.size, empty.segments.length]).toEqual([0, 0])
    empty.release()
    expect(pool.outstanding()).toEqual([])
  })

  it('keeps a block that is open but empty a small one', () => {
    const buffer = new SegmentBuffer(new BlockPool())
    buffer.reserve(10)
    buffer.reserve(2049)
    expect(buffer.bytes.length).toBe(4096)
  })

  it('appends a long source over several blocks', () => {
    const buffer = new SegmentBuffer(new BlockPool({ checks: 'on' }), { blockSize: 256, firstBlockSize: 64 })
    const source = Uint8Array.from({ length: 1000 }, (_, index) => index)
    buffer.append(source.subarray(0, 10))
    buffer.append(source.subarray(10))
    buffer.append(new Uint8Array(0))
    expect(buffer.size).toBe(1000)
    const batch = buffer.take()
    expect(joined(batch)).toEqual([...source])
    expect(sizes(batch)).toEqual([64, 256, 256, 256, 168])
  })

  it('refuses sizes and ends that cannot be, and stays as it was', () => {
    const buffer = new SegmentBuffer(new BlockPool())
    write(buffer, [1, 2, 3])
    for (const size of [-1, 1.5e9 + 0.5, Number.NaN]) expect(() => buffer.reserve(size)).toThrow(OUT_OF_RANGE)
    for (const end of [2, 2049, Number.NaN]) expect(() => buffer.commit(end)).toThrow(OUT_OF_RANGE)
    expect(joined(buffer.take())).toEqual([1, 2, 3])
    expect(() => new SegmentBuffer(new BlockPool(), { blockSize: 0 })).toThrow(OUT_OF_RANGE)
    expect(() => new SegmentBuffer(new BlockPool(), { firstBlockSize: 0.5 })).toThrow(OUT_OF_RANGE)
  })

  it('drops everything on release and can be used again', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool, { blockSize: 256, firstBlockSize: 64 })
    buffer.append(new Uint8Array(1000))
    buffer.release()
    buffer.release()
    expect(buffer.size).toBe(0)
    expect(pool.outstanding()).toEqual([])
    write(buffer, [5])
    expect(joined(buffer.take())).toEqual([5])
  })
})

describe('SegmentBuffer with shared bytes', () => {
  it('passes on the very array, alone or between its own bytes in the right order', () => {
    const pool = new BlockPool({ checks: 'on' })
    const shared = new Uint8Array(5000).fill(3)
    const buffer = new SegmentBuffer(pool)
    write(buffer, [1, 2])
    buffer.appendShared(shared)
    write(buffer, [4])
    buffer.appendShared(new Uint8Array(0))
    expect(buffer.size).toBe(5003)
    const batch = buffer.take()
    expect(sizes(batch)).toEqual([2, 5000, 1])
    expect(batch.segments[1]).toBe(shared)
    expect(batch.segments[2].buffer).toBe(batch.segments[0].buffer)
    expect(pool.outstanding().length).toBe(1)
    batch.release()
    expect(pool.outstanding()).toEqual([])
    expect(shared.every((byte) => byte === 3)).toBe(true)
  })

  it('needs no block of its own for one frame to many channels', () => {
    const pool = new BlockPool()
    const frame = new Uint8Array(60)
    for (let channel = 0; channel < 1000; channel++) {
      const buffer = new SegmentBuffer(pool)
      buffer.appendShared(frame)
      const batch = buffer.take()
      expect(batch.segments[0]).toBe(frame)
      batch.release()
    }
    expect(pool.statistics().takeCount).toBe(0)
  })

  it('copies small ones where there is content already', () => {
    const pool = new BlockPool()
    const buffer = new SegmentBuffer(pool)
    buffer.appendShared(Uint8Array.of(1))
    buffer.appendShared(Uint8Array.of(2))
    buffer.appendShared(Uint8Array.of(3))
    expect(pool.statistics().liveBytes).toBe(2048)
    const batch = buffer.take()
    expect(sizes(batch)).toEqual([1, 2])
    expect(joined(batch)).toEqual([1, 2, 3])
  })
})

describe('SegmentBuffer with pieces that must stay whole', () => {
  const buffer = () => {
    const made = new SegmentBuffer(new BlockPool({ checks: 'on' }), { blockSize: 256, firstBlockSize: 64 })
    write(made, [1, 2, 3])
    return made
  }

  it.each([10, 61, 62, 200, 1000])('copies one of %i bytes into one segment', (size) => {
    const whole = buffer()
    whole.appendWhole(new Uint8Array(size).fill(7))
    write(whole, [4])
    const batch = whole.take()
    expect(joined(batch)).toEqual([1, 2, 3, ...new Uint8Array(size).fill(7), 4])
    expect(batch.segments.filter((segment) => segment.includes(7))).toHaveLength(1)
  })

  it.each([10, 61, 62, 200, 1000])('cuts no shared ones of %i bytes that it copies', (size) => {
    const shared = buffer()
    for (const mark of [7, 8, 9]) shared.appendShared(new Uint8Array(size).fill(mark))
    const batch = shared.take()
    expect(batch.size).toBe(3 + 3 * size)
    for (const mark of [7, 8, 9])
      expect(batch.segments.filter((segment) => segment.includes(mark))).toHaveLength(1)
  })
})

describe('SegmentBatch', () => {
  it.each(['off', 'on'] as const)('refuses a second release, checks %s', (checks) => {
    const pool = new BlockPool({ checks })
    const buffer = new SegmentBuffer(pool)
    write(buffer, [1])
    const batch = buffer.take()
    batch.release()
    expect([batch.size, batch.segments.length]).toEqual([0, 0])
    expect(() => batch.release()).toThrow(expect.objectContaining({ code: 'double-give' }))
    expect(pool.statistics()).toMatchObject({ liveCount: 0, freeCount: 1 })
  })

  it('is used again after its release, and only then, by a buffer that is busy', () => {
    const buffer = new SegmentBuffer(new BlockPool(), { blockSize: 2 })
    write(buffer, [1])
    const first = buffer.take()
    write(buffer, [2])
    const second = buffer.take()
    expect(second).not.toBe(first)
    expect(joined(first)).toEqual([1])
    first.release()
    write(buffer, [3])
    const third = buffer.take()
    expect(third).toBe(first)
    expect([joined(second), joined(third)]).toEqual([[2], [3]])
  })

  it('is not kept by a quiet buffer, of which there may be many', () => {
    const buffer = new SegmentBuffer(new BlockPool())
    write(buffer, [1])
    const first = buffer.take()
    first.release()
    write(buffer, [2])
    expect(buffer.take()).not.toBe(first)
  })

  it('is used once with checks on, so that a late second release is seen', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool)
    write(buffer, [1])
    const first = buffer.take()
    first.release()
    write(buffer, [2])
    const second = buffer.take()
    expect(() => first.release()).toThrow(expect.objectContaining({ code: 'double-give' }))
    expect(joined(second)).toEqual([2])
  })

  it('shows a write into a segment after its release', () => {
    const pool = new BlockPool({ checks: 'on' })
    const buffer = new SegmentBuffer(pool)
    write(buffer, [1, 2])
    const batch = buffer.take()
    const [segment] = batch.segments
    batch.release()
    segment[1] = 9
    expect(() => buffer.reserve(2)).toThrow(expect.objectContaining({ code: 'stale-write' }))
  })
})

describe('SegmentBuffer against a plain array', () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 9000 }))
  const kinds = [
    'write',
    'write',
    'write',
    'abandon',
    'append',
    'whole',
    'shared',
    'take',
    'done',
    'release',
  ] as const
  const command = fc.record({
    kind: fc.constantFrom(...kinds),
    size,
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })

  it.each(['off', 'on'] as const)('keeps order and content in any mixture of calls, checks %s', (checks) => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const pool = new BlockPool({ sizeMax: 4096, checks })
        const buffer = new SegmentBuffer(pool, { blockSize: 1024, firstBlockSize: 128 })
        const inFlight: { batch: SegmentBatch; content: number[] }[] = []
        let model: number[] = []
        let next = 0
        for (const { kind, size, part } of commands) {
          const content = Uint8Array.from({ length: size }, () => next++)
          if (kind === 'write') {
            const position = buffer.reserve(size + 20)
            expect(buffer.bytes.length - position).toBeGreaterThanOrEqual(size + 20)
            buffer.bytes.set(content, position)
            buffer.commit(position + size)
          } else if (kind === 'abandon') {
            scribble(buffer, size)
          } else if (kind === 'append') {
            buffer.append(content)
          } else if (kind === 'whole') {
            buffer.appendWhole(content)
          } else if (kind === 'shared') {
            buffer.appendShared(content)
          } else if (kind === 'take') {
            inFlight.push({ batch: buffer.take(), content: model })
            model = []
          } else if (kind === 'done' && inFlight.length > 0) {
            const [{ batch, content }] = inFlight.splice(Math.floor(part * (inFlight.length - 0.5)), 1)
            expect(joined(batch)).toEqual(content)
            expect(batch.size).toBe(content.length)
            expect(sizes(batch)).not.toContain(0)
            batch.release()
          } else if (kind === 'release') {
            buffer.release()
            model = []
          }
          if (['write', 'append', 'whole', 'shared'].includes(kind))
            for (const byte of content) model.push(byte)
          expect(buffer.size).toBe(model.length)
        }
        inFlight.push({ batch: buffer.take(), content: model })
        for (const { batch, content } of inFlight) {
          expect(joined(batch)).toEqual(content)
          batch.release()
        }
        expect(pool.statistics()).toMatchObject({ liveCount: 0, liveBytes: 0 })
      }),
      { numRuns: 200, seed: 2002 },
    )
  })
})
