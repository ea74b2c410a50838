import { expect, it } from 'vitest'
import type { StreamSession } from '../ports/protocol.ts'
import { SessionGuard } from './session-guard.ts'

it.each([
  [Number.NaN, 0],
  [-5, 0],
  [undefined, 0],
  [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  [7, 7],
])('what a session says that it stores, %s, spoils no sum', (stored, counted) => {
  const guard = new SessionGuard({ stored } as StreamSession, { sessionFailed() {} })
  expect(guard.stored).toBe(counted)
})
