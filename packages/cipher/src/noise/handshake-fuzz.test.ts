import { expect, it } from 'vitest'
import { CallMemory } from '../../fuzz/call-memory.ts'
import { runHandshakes } from '../../fuzz/handshake-run.ts'
import { noblePrimitives } from '../noble/noble.ts'

const SEED = 1

it('handshakes of every pattern refuse every mutated message for ever', () => {
  const tally = runHandshakes(20_000, SEED, noblePrimitives)
  for (const outcome of ['malformed', 'not-authentic', 'low-order', 'later', 'unchanged']) {
    expect(tally[outcome], outcome).toBeGreaterThan(0)
  }
})

it('what is played again is answered from memory only as long as every input is the same', () => {
  const memory = new CallMemory()
  let computed = 0
  const ask = (...inputs: number[]) =>
    memory.answer(['sum', Uint8Array.from(inputs)], () => {
      computed++
      return Uint8Array.of(inputs.reduce((sum, input) => sum + input, 0))
    })
  expect(ask(1)).toEqual(Uint8Array.of(1))
  memory.record()
  const answers = [ask(1, 2), ask(3, 4), ask(5, 6)]
  expect(computed).toBe(4)
  memory.replay()
  const first = ask(1, 2)!
  first.fill(0)
  expect(ask(3, 4)).toEqual(answers[1])
  expect(computed).toBe(4)
  expect(ask(5, 7)).toEqual(Uint8Array.of(12))
  expect(ask(5, 6)).toEqual(answers[2])
  expect(computed).toBe(6)
  memory.replay()
  expect([ask(1, 2), ask(3, 4), ask(5, 6), ask(7)]).toEqual([...answers, Uint8Array.of(7)])
  expect(computed).toBe(7)
})
