/**
 * Where time comes from, and who wakes us. Node's loop, a game's loop and `VirtualClock` implement it.
 *
 * Times are milliseconds on one monotonic scale of the clock's choice; fractions are welcome.
 */
export interface Clock {
  /** The time, in milliseconds. Called for every `set`, so a clock that reads it once per turn is the faster one. */
  now(): number
  /**
   * Asks for one call of `wake` at `atMs` or soon after it; a time that has passed means: in the next turn.
   * Never calls `wake` before it has returned. Calling too early is allowed (a clock that can't wait that long may
   * do so): who is woken early asks again.
   */
  wakeAt(atMs: number, wake: () => void): Wake
}

/** A wake-up that was asked for. */
export interface Wake {
  /** Takes the wish back; without effect when it has been fulfilled or cancelled. */
  cancel(): void
}
