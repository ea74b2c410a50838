import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'
import { bytes } from './scenarios/bytes.ts'

const { effort } = parseOptions(['--quick'])

describe('the bytes of a WebSocket', () => {
  it.each([
    ['down', 2],
    ['up', 6],
  ])('are counted with their frames, %s', async (direction, headerSize) => {
    const cases = await bytes.cases(effort, async () => [])
    const rows = cases.find(({ name }) => name === direction)?.rows ?? []
    // Small enough for the smallest frame: the arrays of msgpackr, but for a few that hold a text or a list.
    const row = rows.find(({ name }) => name === 'ws msgpackr arrays')
    const measurement = await row?.measure(effort)
    expect(measurement?.headerBytes).toBeGreaterThanOrEqual(headerSize)
    expect(measurement?.headerBytes).toBeLessThan(headerSize + 0.1)
  })
})
