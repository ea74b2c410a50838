/** Something that gets a turn when it has work. */
export interface TurnTaker {
  /** In the list of those with work for the next turn. Kept by `Turns`. */
  isReady: boolean
  /** In the list of those with bytes to send at the end of the turn. Kept by `Turns`. */
  isDirty: boolean
  /** Decodes, delivers, keeps its books. */
  process(now: number): void
  /** Hands what was written to the link. */
  flush(now: number): void
  /** Whether its work need not wait for the program, and calls no function of it: it ends, and promises wait for that. Absent: never. */
  readonly isUrgent?: boolean
}

/** Gives it its turn. */
export function process(taker: TurnTaker, now: number): void {
  taker.isReady = false
  taker.process(now)
}

/** Lets it send what it wrote. */
export function flush(taker: TurnTaker, now: number): void {
  taker.isDirty = false
  taker.flush(now)
}
