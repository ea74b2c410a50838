import { expect, it } from 'vitest'
import { bits, contract, type PipeOptions, ProtoFactory, u8 } from './index.ts'

const count = 3000

/** Bytes of heap that a fresh pipe holds on to. */
function heapOfOne(options?: PipeOptions): number {
  const factory = new ProtoFactory().add('game', bits(contract({ a: { x: u8 } })))
  const make = () => factory.create('tcp', '127.0.0.1', 0, 'game', options)
  // What all share is made before.
  const pipes: unknown[] = Array.from({ length: 100 }, make)
  const before = heapUsed()
  for (let index = 0; index < count; index++) pipes.push(make())
  const used = heapUsed() - before
  expect(pipes).toHaveLength(count + 100)
  return used / count
}

function heapUsed(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

it.each([
  ['of no options', undefined],
  ['of its own limits', { drive: 'manual', highWaterBytes: 100_000, lowWaterBytes: 10_000 }],
] as const)('a fresh pipe %s costs at most 4 KiB of heap', (_what, options) => {
  expect(heapOfOne(options)).toBeLessThan(4096)
})
