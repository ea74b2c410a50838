import { expect, it } from 'vitest'
import { Flights } from './flights.ts'

it('tells of a batch while it leaves, and of each byte once', () => {
  const flights = new Flights()
  flights.add(1016, 1000)
  flights.add(20, 0)
  flights.add(516, 500)
  const told = [8, 500, 508, 10, 10, 258, 258].map((size) => flights.sent(size))
  expect(told).toEqual([7, 492, 501, 0, 0, 250, 250])
  expect(flights.sent(0)).toBe(0)
})
