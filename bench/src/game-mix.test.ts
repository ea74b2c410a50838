import { describe, expect, it } from 'vitest'
import { type Direction, mixContract, mixMessages, mixWeights } from './game-mix.ts'

const directions: readonly Direction[] = ['down', 'up']
const seed = 7

describe('the mix of a game', () => {
  it.each(directions)('is the same again for the same seed, %s', (direction) => {
    expect(mixMessages(direction, 500, seed)).toEqual(mixMessages(direction, 500, seed))
    expect(mixMessages(direction, 500, seed)).not.toEqual(mixMessages(direction, 500, seed + 1))
  })

  it.each(directions)('has parts of a thousand, %s', (direction) => {
    expect(Object.values(mixWeights[direction]).reduce((sum, weight) => sum + weight)).toBe(1000)
  })

  it('uses every message of the contract', () => {
    const used = new Set(directions.flatMap((direction) => Object.keys(mixWeights[direction])))
    expect(mixContract.entries.map(({ key }) => key).filter((key) => !used.has(key))).toEqual([])
  })

  it.each(directions)('comes back from the contract as it was, %s', (direction) => {
    const schemas = new Map(mixContract.entries.map(({ key, schema }) => [key, schema]))
    for (const { key, body } of mixMessages(direction, 5000, seed)) {
      const decoded = schemas.get(key)?.decode(schemas.get(key)?.encode(body) ?? new Uint8Array())
      expect(decoded).toMatchObject({ ok: true, value: body })
    }
  })

  it('is as small as the game it follows', () => {
    const schemas = new Map(mixContract.entries.map(({ key, schema }) => [key, schema]))
    const meanOf = (direction: Direction) => {
      const messages = mixMessages(direction, 5000, seed)
      const sizes = messages.map(({ key, body }) => schemas.get(key)?.encode(body).length ?? 0)
      return sizes.reduce((sum, size) => sum + size) / sizes.length
    }
    expect(meanOf('down')).toBeCloseTo(8.5, 0)
    expect(meanOf('up')).toBeCloseTo(5, 0)
  })
})
