import type { FloodKind } from './flood-kinds.ts'

/** What the workers of a flood are told; `port` all but the server. */
export type FloodOptions = {
  readonly flood: FloodKind
  readonly flooderCount: number
  readonly openCount: number
  readonly warmupMs: number
  readonly measureMs: number
  readonly port: number
}

/** Resolves after so many milliseconds. */
export function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
