// For programs with a lib that ends before `Symbol.dispose`.
/// <reference lib="esnext.disposable" preserve="true" />
import type { Clock, Wake } from './clock.ts'
import type { TimerCallback, TimerKey } from './keyed-task.ts'
import { KeyedTask } from './keyed-task.ts'
import { RestingTasks } from './resting-tasks.ts'
import { assertTime, TimerError } from './timer-error.ts'
import { isThenable, type TimerLog, type TimerLogLevel, textOf, writeLine } from './timer-log.ts'
import type { TimerOptions, TimerStatistics } from './timer-options.ts'
import { TimerWheel } from './timer-wheel.ts'

/**
 * Keyed timers: one key, one timer, no ids to keep. On a `TimerWheel`, so `set` and `cancel` cost the same with
 * ten keys and with a million.
 *
 * - Callbacks run in `process`, never inside `set`; in order of deadline (whole milliseconds), then of `set`. What
 *   a callback sets for now runs in the next turn. Callbacks may set, cancel and close anything.
 * - Intervals are free of drift: the n-th run is due at start + delay + n × interval, however late the others were.
 * - A late turn runs a key once: intervals that passed meanwhile are left out and counted (`missedCount`), and
 *   the rhythm is kept.
 * - A callback that throws stays scheduled, and stops no other one.
 * - Ended keys are remembered, 1,024 of them or a quarter of the live ones, and forgotten in the order they ended:
 *   keys that come and go cost no more than keys that stay. `close` forgets all.
 *
 * A game loop that owns its turns drives it by hand (it is a `Runnable`, as pipes are: `process` and `nextDeadline`):
 * ```ts
 * const timer = new Timer({ now: () => performance.now() }, { drive: 'manual' })
 * timer.set('autosave', () => world.save(), 5_000, 30_000)
 * function turn() {
 *   timer.process()
 *   world.step()
 * }
 * ```
 */
export class Timer {
  readonly #clock: Pick<Clock, 'now'>
  readonly #wakeAt: ((atMs: number, wake: () => void) => Wake) | undefined
  readonly #wheel: TimerWheel
  /** Live tasks (their entry is in the wheel) and resting ones. */
  readonly #tasks = new Map<TimerKey, KeyedTask>()
  readonly #resting = new RestingTasks()
  #spare: KeyedTask | undefined
  /** The task of the key asked for last: most timeouts are set, then cancelled, with nothing in between. */
  #latest: KeyedTask | undefined
  readonly #name: string
  readonly #countMax: number
  readonly #onError: TimerOptions['onError']
  readonly #log: TimerLog | undefined
  readonly #taskOwner = { fired: (task: KeyedTask, now: number) => this.#fired(task, now) }
  readonly #wakeUp = () => this.#woken()
  readonly #logFailed = () => void this.#errorCount++
  #state: 'idle' | 'processing' | 'closed' = 'idle'
  #wake: Wake | undefined
  /** When the clock wakes us, Infinity for never. At most the wheel's next deadline while the state is idle. */
  #wakeMs = Infinity
  #liveCountPeak = 0
  #setCount = 0
  #cancelCount = 0
  #runCount = 0
  #missedCount = 0
  #errorCount = 0
  #refusedCount = 0

  /** Takes `clock` for its whole life. Throws `TimerError` (`bad-limit`, `bad-time`). */
  constructor(clock: Clock, options?: TimerOptions)
  constructor(clock: Pick<Clock, 'now'>, options: TimerOptions & { readonly drive: 'manual' })
  constructor(clock: Pick<Clock, 'now'> & Partial<Clock>, options: TimerOptions = {}) {
    const { name = '', countMax = 10_000, drive = 'auto', onError, log } = options
    if (!Number.isSafeInteger(countMax) || countMax < 1) {
      throw new TimerError(
        'bad-limit',
        `countMax is ${String(countMax)}; it must be a whole number above zero`,
      )
    }
    this.#clock = clock
    this.#wakeAt = drive === 'manual' ? undefined : clock.wakeAt?.bind(clock)
    this.#wheel = new TimerWheel(clock.now())
    this.#name = name
    this.#countMax = countMax
    this.#onError = onError
    this.#log = log
  }

  /**
   * Calls `callback` after `delayMs` and then every `intervalMs`; with `forever` false only the first time, and the
   * interval is without meaning. A delay of zero or less means: in the next turn. Takes the place of what `key` was
   * set to before.
   *
   * Throws `TimerError`: `bad-time`, `bad-interval` (a repeating timer needs one above zero), `full`, `closed`.
   */
  set<Key extends TimerKey>(
    key: Key,
    callback: TimerCallback<Key>,
    delayMs: number,
    intervalMs: number,
    forever = true,
  ): this {
    if (this.#state === 'closed') {
      throw new TimerError('closed', `${this.describe()}; key ${nameOf(key)} must be set before close()`)
    }
    if (forever && !(intervalMs > 0 && intervalMs <= Number.MAX_SAFE_INTEGER))
      throw badInterval(key, intervalMs)
    if (!Number.isFinite(delayMs)) throw badDelay(key, delayMs)
    const wheel = this.#wheel
    let startMs = this.#clock.now()
    if (startMs < wheel.now) startMs = wheel.now
    startMs += delayMs
    assertTime('the time to fire at', startMs)

    let task = this.#find(key)
    if (task?.isScheduled) this.#cancelCount++
    else {
      if (wheel.count >= this.#countMax) throw this.#refused(key)
      task ??= this.#addTask(key)
    }
    this.#setCount++
    task.begin(key, callback as TimerCallback, startMs, forever ? intervalMs : 0)
    wheel.schedule(task, delayMs > 0 ? startMs : wheel.now)
    if (wheel.count > this.#liveCountPeak) this.#liveCountPeak = wheel.count
    if (task.deadline < this.#wakeMs) this.#wakeBy(task.deadline)
    return this
  }

  /** Calls `callback` once, after `intervalMs`: `set(key, callback, intervalMs, intervalMs, false)`. */
  once<Key extends TimerKey>(key: Key, callback: TimerCallback<Key>, intervalMs: number): this {
    return this.set(key, callback, intervalMs, intervalMs, false)
  }

  /** Ends `key`, also when it is due in the turn under way; false if it isn't set. */
  cancel(key: TimerKey): boolean {
    const task = this.#find(key)
    if (task === undefined || !this.#wheel.cancel(task)) return false
    this.#rest(task)
    this.#cancelCount++
    if (this.#wheel.count === 0) this.#wakeBy(Infinity)
    return true
  }

  /** Whether `key` is set. While its callback runs: true if it repeats, false if that was its only run. */
  has(key: TimerKey): boolean {
    return this.#find(key)?.isScheduled === true
  }

  /**
   * One turn: runs what is due at `now`, in milliseconds on the clock's scale. Called by the clock's wake-ups, and by
   * a game loop. Time that goes back is ignored, so are a call out of a callback and one after `close`.
   */
  process(now: number = this.#clock.now()): void {
    if (this.#state !== 'idle') return
    assertTime('the time of a turn', now)
    this.#state = 'processing'
    try {
      this.#wheel.advance(now)
    } finally {
      this.#endTurn()
    }
  }

  /**
   * When the next turn is needed, in milliseconds on the clock's scale: `Infinity` if no key is set. Never later than the first key is due; it
   * may be earlier when that is more than 256 ms away.
   */
  nextDeadline(): number {
    return this.#wheel.nextDeadline()
  }

  /** Ends all keys, those due in the turn under way included, and lets go of the clock. A second call does nothing. */
  close(): void {
    if (this.#state === 'closed') return
    this.#cancelCount += this.#wheel.count
    for (const task of this.#tasks.values()) this.#wheel.cancel(task)
    this.#tasks.clear()
    this.#resting.clear()
    this.#spare = undefined
    this.#latest = undefined
    this.#state = 'closed'
    this.#wakeBy(Infinity)
    this.log('debug', 'closed')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** One line for people: how many keys, and when the next turn is needed. */
  describe(): string {
    const name = this.#name === '' ? 'timer' : `timer ${this.#name}`
    if (this.#state === 'closed') return `${name}: closed`
    const nextMs = this.#wheel.nextDeadline() - this.#clock.now()
    const next = nextMs === Infinity ? '' : `, next turn in ${Math.max(0, Math.ceil(nextMs))} ms`
    return `${name}: ${this.#wheel.count} of ${this.#countMax} keys${next}`
  }

  /** Writes a log line that begins with `describe()`; costs nothing without a `log` option. A log that fails is only counted (`errorCount`). */
  log(level: TimerLogLevel, text: string): void {
    if (this.#log !== undefined) writeLine(this.#log, level, `${this.describe()}: ${text}`, this.#logFailed)
  }

  statistics(): TimerStatistics {
    return {
      liveCount: this.#wheel.count,
      liveCountPeak: this.#liveCountPeak,
      setCount: this.#setCount,
      cancelCount: this.#cancelCount,
      runCount: this.#runCount,
      missedCount: this.#missedCount,
      errorCount: this.#errorCount,
      refusedCount: this.#refusedCount,
    }
  }

  #find(key: TimerKey): KeyedTask | undefined {
    const latest = this.#latest
    if (latest !== undefined && latest.key === key) return latest
    const task = this.#tasks.get(key)
    if (task !== undefined) this.#latest = task
    return task
  }

  #addTask(key: TimerKey): KeyedTask {
    const task = this.#spare ?? new KeyedTask(this.#taskOwner)
    this.#spare = undefined
    this.#tasks.set(key, task)
    this.#latest = task
    return task
  }

  #refused(key: TimerKey): TimerError {
    this.#refusedCount++
    const text = `key ${nameOf(key)} is one more than countMax (${this.#countMax}); cancel others or raise it`
    this.log('warn', text)
    return new TimerError('full', text)
  }

  #rest(task: KeyedTask): void {
    task.callback = undefined
    const forgotten = this.#resting.rest(task, this.#wheel.count)
    if (forgotten === undefined) return
    this.#tasks.delete(forgotten.key)
    if (this.#latest === forgotten) this.#latest = undefined
    forgotten.key = ''
    this.#spare = forgotten
  }

  /** The task is settled before its callback runs: the callback may then do with the key what it likes. */
  #fired(task: KeyedTask, now: number): void {
    const key = task.key
    const callback = task.callback as TimerCallback
    this.#runCount++
    if (task.intervalMs > 0) this.#repeat(task, now)
    else this.#rest(task)
    try {
      const result: unknown = callback(key, now)
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#failed(error, key))
    } catch (error) {
      this.#failed(error, key)
    }
  }

  /** A callback threw, or the promise that it returned rejected. Without `onError` the error goes where it would have gone. */
  #failed(error: unknown, key: TimerKey): void {
    this.#errorCount++
    this.log('error', `the callback of key ${nameOf(key)} failed: ${textOf(error)}`)
    if (this.#onError === undefined) throw error
    this.#onError(error, key)
  }

  #repeat(task: KeyedTask, now: number): void {
    const missedCount = task.skipTo(now)
    this.#wheel.schedule(task, Math.min(task.dueMs, Number.MAX_SAFE_INTEGER))
    if (missedCount === 0) return
    this.#missedCount += missedCount
    this.log('warn', `key ${nameOf(task.key)} missed ${missedCount} intervals`)
  }

  #woken(): void {
    this.#wake = undefined
    this.#wakeMs = Infinity
    this.process()
  }

  #endTurn(): void {
    if (this.#state === 'closed') return
    this.#state = 'idle'
    const nextMs = this.#wheel.nextDeadline()
    if (nextMs < this.#wakeMs || nextMs === Infinity) this.#wakeBy(nextMs)
  }

  /** A wake-up earlier than needed is left to come, which saves two calls of the clock for every `cancel`. */
  #wakeBy(atMs: number): void {
    if (this.#wakeAt === undefined || this.#state === 'processing') return
    this.#wake?.cancel()
    this.#wakeMs = atMs
    this.#wake = atMs === Infinity ? undefined : this.#wakeAt(atMs, this.#wakeUp)
  }
}

function nameOf(key: TimerKey): string {
  if (typeof key === 'string') return JSON.stringify(key)
  return typeof key === 'object' || typeof key === 'function' ? '[object]' : String(key)
}

function badDelay(key: TimerKey, delayMs: number): TimerError {
  const text = `the delay of key ${nameOf(key)} is ${String(delayMs)}; it must be a finite number of milliseconds`
  return new TimerError('bad-time', `${text}, zero for the next turn`)
}

function badInterval(key: TimerKey, intervalMs: number): TimerError {
  const text = `the interval of key ${nameOf(key)} is ${String(intervalMs)}; one that repeats must be above 0 ms and finite`
  return new TimerError('bad-interval', `${text}; for a single run use once()`)
}
