import { describe, expect, it } from 'vitest'
import { ByteQueue } from './byte-queue.ts'
import { Random } from './random.ts'
import { hashOf, TraceHash } from './trace-hash.ts'

describe('TraceHash', () => {
  const digest = (add: (hash: TraceHash) => void) => {
    const hash = new TraceHash()
    add(hash)
    return hash.digest
  }

  it('tells apart what differs in anything, and nothing else', () => {
    const digests = [
      digest(() => {}),
      digest((hash) => hash.number(0)),
      digest((hash) => hash.number(1)),
      digest((hash) => hash.number(2 ** 32 + 1)),
      digest((hash) => hash.number(2 ** 40 + 1)),
      digest((hash) => hash.time(0.5)),
      digest((hash) => hash.time(1000.25)),
      digest((hash) => hash.text('ab')),
      digest((hash) => hash.text('ba')),
      ...[1, 2, 3, 4, 5, 9].map((size) => digest((hash) => hash.bytes(new Uint8Array(size)))),
      ...[0, 1, 2, 3, 4].map((at) =>
        digest((hash) => hash.bytes(Uint8Array.from({ length: 5 }, (_, index) => (index === at ? 1 : 0)))),
      ),
    ]
    expect(new Set(digests).size).toBe(digests.length)
    for (const each of digests) expect(each).toMatch(/^[0-9a-f]{16}$/)
    expect(digest((hash) => hash.text('ab'))).toBe(digests[7])
  })

  it('gives seeds to names', () => {
    const seeds = Array.from({ length: 1000 }, (_, index) =>
      hashOf(`host ${index % 100}`, Math.floor(index / 100)),
    )
    expect(new Set(seeds).size).toBe(1000)
    for (const seed of seeds) expect(seed >= 0 && seed < 2 ** 32 && Number.isInteger(seed)).toBe(true)
  })
})

describe('ByteQueue', () => {
  it.each([1, 2, 3])('is a row of bytes, whatever is put in and taken out: seed %i', (seed) => {
    const random = new Random(seed)
    const queue = new ByteQueue()
    let wanted: number[] = []
    for (let count = 0; count < 500; count++) {
      const bytes = random.bytes(random.integer(0, 700))
      queue.append(bytes)
      wanted.push(...bytes)
      const taken = queue.take(random.integer(0, 800))
      expect([...taken]).toEqual(wanted.slice(0, taken.length))
      wanted = wanted.slice(taken.length)
      expect(queue.size).toBe(wanted.length)
      const offset = random.integer(0, queue.size)
      expect([...queue.copy(offset, 10)]).toEqual(wanted.slice(offset, offset + 10))
    }
  })
})
