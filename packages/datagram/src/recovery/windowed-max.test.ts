import { expect, it } from 'vitest'
import { seeded } from '../../fixtures/random.ts'
import { WindowedMax } from './windowed-max.ts'

it('keeps the largest until it has left the window, then the next largest that it knows', () => {
  const filter = new WindowedMax(10)
  expect(filter.value).toBe(Number.NEGATIVE_INFINITY)
  filter.update(5, 0)
  filter.update(9, 1)
  filter.update(3, 4)
  filter.update(4, 8)
  expect(filter.value).toBe(9)
  filter.update(1, 11)
  expect(filter.value).toBe(9)
  filter.update(1, 11.1)
  expect(filter.value).toBe(4)
})

it('begins anew after a silence longer than the window', () => {
  const filter = new WindowedMax(10)
  filter.update(9, 0)
  filter.update(2, 10)
  expect(filter.value).toBe(9)
  filter.update(1, 20.1)
  expect(filter.value).toBe(1)
})

it.each([1, 2, 3])('is never above the window, and never below its last quarter, seed %i', (seed) => {
  const random = seeded(seed)
  const filter = new WindowedMax(100)
  const seen: [value: number, at: number][] = []
  for (let at = 0; at < 1_500; at += Math.ceil(random() * 5)) {
    const value = Math.floor(random() * 1_000) - 500
    seen.push([value, at])
    filter.update(value, at)
    const within = (length: number) => seen.filter((each) => at - each[1] <= length).map(([of]) => of)
    expect(filter.value, `seed ${seed}, at ${at}`).toBeLessThanOrEqual(Math.max(...within(100)))
    expect(filter.value, `seed ${seed}, at ${at}`).toBeGreaterThanOrEqual(Math.max(...within(25)))
  }
})
