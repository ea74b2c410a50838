/**
 * What the server and the bots tell to `main.ts`, over the channel that Node gives to a parent and its children. It has
 * nothing to do with the game's own traffic, which goes from the bots to the server over tcp or udp.
 */
import type { Role } from './contract.ts'
import type { PathsReport } from './paths.ts'
import type { Spread } from './spread.ts'
import type { Point } from './world.ts'

export interface ServerReport {
  readonly kind: 'server'
  readonly atMs: number
  readonly players: number
  readonly joins: number
  readonly leaves: number
  readonly catches: number
  readonly pelletsEaten: number
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Time spent working, of each tick of the last second, and of all ticks. */
  readonly tickNow: Spread
  readonly tickAll: Spread
  /** Over udp. */
  readonly paths: PathsReport | undefined
  readonly ticksSkipped: number
  readonly errors: number
  readonly lastError: string
  readonly lastChat: string
  readonly dots: readonly (Point & { readonly role: Role })[]
  readonly pellets: readonly Point[]
}

export interface BotsReport {
  readonly kind: 'bots'
  /** From an input to the snapshot that shows it, of late, and in all. */
  readonly roundTripNow: Spread
  readonly roundTripAll: Spread
}

export type Report =
  | ServerReport
  | BotsReport
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly text: string }

/** Tells something to `main.ts`, if it is still there. */
export function tell(report: Report): void {
  if (process.connected) process.send?.(report)
}

/**
 * Runs a child of `main.ts`: `work` starts it and answers how to end it, which happens when the parent says so, or is
 * gone. The process then ends by itself, because nothing is left in it.
 */
export async function runChild(work: () => Promise<() => Promise<void>>): Promise<void> {
  // Ctrl-C goes to all processes of a terminal: the parent decides what it means.
  process.on('SIGINT', () => {})
  const stopped = new Promise<void>((resolve) => {
    process.once('message', () => resolve())
    process.once('disconnect', () => resolve())
  })
  try {
    if (process.send === undefined) throw new Error('this process is started by main.ts: run that')
    const end = await work()
    await stopped
    await end()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    if (process.connected) tell({ kind: 'failed', text })
    else console.error(text)
    process.exitCode = 1
  }
  if (process.connected) process.disconnect()
}
