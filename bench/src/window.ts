import type { Measurement } from './scenario.ts'

/** How long to warm up and to measure, in milliseconds. */
export type WindowOptions = { readonly warmupMs: number; readonly measureMs: number }

/** How long a sender goes on after its own window, so that the receiver's window is full to its end. */
const graceMs = 250

/**
 * Counts messages of one process between two moments that the process chooses itself: the warm-up begins with the
 * first message, the measured window follows it. Nothing from outside is needed meanwhile, so a process that is too
 * busy to hear its parent measures just as well.
 */
export class Window {
  readonly #warmupMs: number
  readonly #measureMs: number
  readonly #stride: number
  #phase: 'waiting' | 'warming' | 'measuring' | 'over' = 'waiting'
  #count = 0
  #nextCheck = 0
  #firstMs = 0
  #beginMs = 0
  #beginCount = 0
  #beginCpu = { user: 0, system: 0 }
  readonly #onOver: (measurement: Measurement) => void

  /** The clock is read every `stride` messages only; `onOver` hears the measurement once. */
  constructor(options: WindowOptions, stride: number, onOver: (measurement: Measurement) => void) {
    this.#warmupMs = options.warmupMs
    this.#measureMs = options.measureMs
    this.#stride = stride
    this.#onOver = onOver
  }

  /** Counts `messages` more. */
  add(messages: number): void {
    this.#count += messages
    if (this.#count >= this.#nextCheck) this.#check()
  }

  /** True once a sender may stop: the window is over and the receiver had time to fill its own. */
  get isDone(): boolean {
    return this.#phase === 'over' && performance.now() > this.#beginMs + this.#measureMs + graceMs
  }

  /** Ends the window now because the peer went away; reports what was measured if there was anything. */
  end(): void {
    if (this.#phase === 'measuring') this.#close(performance.now())
  }

  #check(): void {
    this.#nextCheck = this.#count + this.#stride
    const now = performance.now()
    if (this.#phase === 'waiting') {
      this.#firstMs = now
      this.#phase = 'warming'
    } else if (this.#phase === 'warming' && now >= this.#firstMs + this.#warmupMs) {
      this.#beginMs = now
      this.#beginCount = this.#count
      this.#beginCpu = process.cpuUsage()
      this.#phase = 'measuring'
    } else if (this.#phase === 'measuring' && now >= this.#beginMs + this.#measureMs) {
      this.#close(now)
    }
  }

  #close(now: number): void {
    const messages = this.#count - this.#beginCount
    const elapsedMs = now - this.#beginMs
    const cpu = process.cpuUsage(this.#beginCpu)
    this.#phase = 'over'
    this.#onOver({
      messagesPerSecond: (messages / elapsedMs) * 1000,
      cpuNsPerMessage: ((cpu.user + cpu.system) * 1000) / Math.max(1, messages),
    })
  }
}
