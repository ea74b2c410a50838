import { watchResult } from '../base/callback.ts'
import type { Driver, Runnable } from '../ports/driver.ts'

/** What a notifier needs of the turns that it tells of. */
export interface DriverNotifierOwner {
  /** What the driver is told of. */
  readonly runnable: Runnable
  /** The driver threw, or returned a promise that rejected. */
  driverFailed(error: unknown): void
  /** What was going on when the driver failed has brought work. */
  failureTold(): void
}

/** Tells a driver of a pipe that has work, once until the next turn of that. Whatever the driver does, it costs nothing but its own turns. */
export class DriverNotifier {
  /** The driver is being told: it may not give the turn inside of that. */
  isTelling = false
  readonly #driver: Driver
  readonly #owner: DriverNotifierOwner
  #isTold = false

  constructor(driver: Driver, owner: DriverNotifierOwner) {
    this.#driver = driver
    this.#owner = owner
  }

  tell(): void {
    if (this.#isTold) return
    this.#isTold = true
    this.isTelling = true
    try {
      watchResult(this.#driver.ready(this.#owner.runnable), this.#failed)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.isTelling = false
    }
  }

  /** A turn begins: the driver is told of what comes behind it. */
  turn(): void {
    this.#isTold = false
  }

  /** Reported in the next turn that has another reason: a driver that fails at each call would otherwise be called for ever. */
  readonly #failed = (error: unknown): void => {
    const wasTold = this.#isTold
    this.#isTold = true
    this.#owner.driverFailed(error)
    this.#isTold = wasTold
    this.#owner.failureTold()
  }
}
