import { TimerEntry } from './timer-entry.ts'
import { assertTime } from './timer-error.ts'

/** Ticks of the five levels together: 256 · 64⁴ ms, 49.7 days. What lies beyond waits in one list. */
const BLOCK = 2 ** 32

/** Slots of level 0 come first, then 64 of each further level. */
const SLOT_COUNT = 256 + 4 * 64

/**
 * Hierarchical timing wheel (Varghese and Lauck, 1987): `schedule` and `cancel` cost the same with ten timers and
 * with a million. Knows no clock and no keys.
 *
 * A tick is 1 ms. An entry lies on the lowest level of which the slots tell its tick from the wheel's, hence all entries
 * of one tick lie in one list, in order of insertion, and slots move down a level before the wheel enters them.
 * Empty slots are skipped by a bitmap, so a jump over hours costs no more than the entries it passes.
 */
export class TimerWheel {
  /** Entries that wait. Not limited here: the owner of the entries limits them. */
  count = 0

  /** The tick 0, so that ticks stay small integers whatever the clock's scale. */
  readonly #originMs: number
  readonly #slots: TimerEntry[] = []
  /** One bit per slot; a set bit may be stale (`cancel` leaves it), a cleared one never is. */
  readonly #occupied = new Uint32Array(SLOT_COUNT / 32)
  /** Scheduled at or before the wheel's time: first in the next `advance`. */
  readonly #overdue = listHead()
  readonly #far = listHead()
  readonly #due = listHead()
  #nowMs: number
  #tick = 0
  #blockEnd = BLOCK
  #isAdvancing = false

  /** Starts at `now`, in milliseconds. Throws `TimerError` unless that is a time (`bad-time`). */
  constructor(now: number) {
    assertTime('the time a wheel starts at', now)
    this.#nowMs = now
    this.#originMs = Math.floor(now)
    for (let i = 0; i < SLOT_COUNT; i++) this.#slots.push(listHead())
  }

  /** The latest time it was advanced to, in milliseconds. */
  get now(): number {
    return this.#nowMs
  }

  /**
   * Lets `entry` fire at `atMs`, rounded up to a whole millisecond; if it waits already, here or in another wheel, it
   * is moved. A time that has passed means the wheel's own time, so the next `advance` fires it, never this
   * call and never an `advance` that is under way. Throws `TimerError` if `atMs` isn't one (`bad-time`).
   */
  schedule(entry: TimerEntry, atMs: number): void {
    assertTime('the time to fire at', atMs)
    if (entry.wheel === this) detach(entry)
    else {
      entry.wheel?.cancel(entry)
      entry.wheel = this
      this.count++
    }
    const tick = Math.ceil(atMs) - this.#originMs
    if (atMs > this.#nowMs && tick > this.#tick) {
      entry.deadline = this.#originMs + tick
      this.#place(entry, tick)
    } else {
      entry.deadline = this.#originMs + this.#tick
      append(this.#overdue, entry)
    }
  }

  /** Takes `entry` out; false if it doesn't wait in this wheel. */
  cancel(entry: TimerEntry): boolean {
    if (entry.wheel !== this) return false
    entry.wheel = undefined
    detach(entry)
    this.count--
    return true
  }

  /**
   * Moves to `now` and fires what is due, in order of deadline, then of insertion. What the callbacks schedule for
   * a time up to `now` waits for the next `advance`, so a turn always ends. A time before the wheel's is taken as
   * the wheel's; a call out of a callback does nothing.
   *
   * A callback that throws doesn't stop the others: once all have run, its error is thrown, or an `AggregateError`
   * of them if there are several. Throws `TimerError` if `now` isn't a time
   * (`bad-time`).
   */
  advance(now: number): void {
    assertTime('the time to advance to', now)
    if (this.#isAdvancing) return
    if (now > this.#nowMs) this.#nowMs = now
    const target = Math.floor(this.#nowMs) - this.#originMs
    appendAll(this.#due, this.#overdue)
    this.#collect(target)
    this.#tick = target
    if (this.#due.next !== this.#due) this.#fireDue()
  }

  /**
   * When to call `advance` next, in milliseconds: Infinity if nothing waits, else never later than the first
   * deadline. It may be earlier when that is more than 256 ms away; an `advance` there fires nothing and brings
   * the answer closer, at most five times per entry.
   */
  nextDeadline(): number {
    if (this.count === 0) return Infinity
    if (this.#due.next !== this.#due || this.#overdue.next !== this.#overdue)
      return this.#originMs + this.#tick
    const slot = this.#firstSlot()
    return this.#originMs + (slot < 0 ? this.#blockEnd : this.#slotStart(slot))
  }

  /** Calls `visit` with each entry that waits, in no certain order. It must not schedule or cancel any. */
  forEach(visit: (entry: TimerEntry) => void): void {
    for (const list of [...this.#slots, this.#overdue, this.#far, this.#due]) {
      for (let entry = list.next; entry !== list; entry = entry.next) visit(entry)
    }
  }

  /** Moves entries up to `target` into `#due`, slot by slot; runs no foreign code. */
  #collect(target: number): void {
    for (;;) {
      const slot = this.#firstSlot()
      if (slot >= 0) {
        const start = this.#slotStart(slot)
        if (start > target) return
        this.#tick = start
        if (slot < 256) appendAll(this.#due, this.#slots[slot])
        else this.#placeAll(this.#slots[slot])
      } else {
        if (target < this.#blockEnd) return
        this.#enterBlock(target)
      }
    }
  }

  /** Leaves a block that is empty for that of the first far entry, or of `target` if that comes first. */
  #enterBlock(target: number): void {
    let first = target
    for (let entry = this.#far.next; entry !== this.#far; entry = entry.next) {
      first = Math.min(first, entry.deadline - this.#originMs)
    }
    const start = Math.floor(first / BLOCK) * BLOCK
    this.#tick = start
    this.#blockEnd = start + BLOCK
    this.#placeAll(this.#far)
  }

  #placeAll(list: TimerEntry): void {
    let entry = list.next
    const last = list.previous
    if (entry === list) return
    list.next = list
    list.previous = list
    for (;;) {
      const next = entry.next
      this.#place(entry, entry.deadline - this.#originMs)
      if (entry === last) return
      entry = next
    }
  }

  #place(entry: TimerEntry, tick: number): void {
    if (tick >= this.#blockEnd) {
      append(this.#far, entry)
      return
    }
    const difference = (tick ^ this.#tick) >>> 0
    const slot =
      difference < 1 << 8
        ? tick & 255
        : difference < 1 << 14
          ? 256 + ((tick >>> 8) & 63)
          : difference < 1 << 20
            ? 320 + ((tick >>> 14) & 63)
            : difference < 1 << 26
              ? 384 + ((tick >>> 20) & 63)
              : 448 + (tick >>> 26)
    this.#occupied[slot >>> 5] |= 1 << (slot & 31)
    append(this.#slots[slot], entry)
  }

  /** The occupied slot that comes first in time, or -1. Lower levels come before higher ones. */
  #firstSlot(): number {
    const occupied = this.#occupied
    for (let word = 0; word < occupied.length; word++) {
      while (occupied[word] !== 0) {
        const lowest = occupied[word] & -occupied[word]
        const slot = (word << 5) + 31 - Math.clz32(lowest)
        if (this.#slots[slot].next !== this.#slots[slot]) return slot
        occupied[word] ^= lowest
      }
    }
    return -1
  }

  /** The first tick of a slot. Occupied slots lie ahead of the wheel in the range its level shares with it. */
  #slotStart(slot: number): number {
    const shift = slot < 256 ? 0 : 8 + 6 * ((slot - 256) >> 6)
    const range = slot < 256 ? 2 ** 8 : 2 ** (shift + 6)
    const index = slot < 256 ? slot : slot & 63
    return Math.floor(this.#tick / range) * range + index * 2 ** shift
  }

  #fireDue(): void {
    const due = this.#due
    let errors: unknown[] | undefined
    this.#isAdvancing = true
    for (let entry = due.next; entry !== due; entry = due.next) {
      detach(entry)
      entry.wheel = undefined
      this.count--
      try {
        entry.fire(this.#nowMs)
      } catch (error) {
        errors ??= []
        errors.push(error)
      }
    }
    this.#isAdvancing = false
    if (errors === undefined) return
    if (errors.length === 1) throw errors[0]
    throw new AggregateError(errors, `${errors.length} timer callbacks threw in one turn`)
  }
}

function listHead(): TimerEntry {
  return new TimerEntry(neverFired)
}

function neverFired(): void {}

function append(list: TimerEntry, entry: TimerEntry): void {
  const last = list.previous
  entry.previous = last
  entry.next = list
  last.next = entry
  list.previous = entry
}

/** Moves all entries of `from` to the end of `list`, at one blow. */
function appendAll(list: TimerEntry, from: TimerEntry): void {
  if (from.next === from) return
  const last = list.previous
  last.next = from.next
  from.next.previous = last
  from.previous.next = list
  list.previous = from.previous
  from.next = from
  from.previous = from
}

function detach(entry: TimerEntry): void {
  entry.previous.next = entry.next
  entry.next.previous = entry.previous
  entry.next = entry
  entry.previous = entry
}
