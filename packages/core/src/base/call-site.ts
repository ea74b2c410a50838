import { MillraceError } from './millrace-error.ts'

/** Where the program called, in engines that tell: for errors that come later, when nothing of it is on the stack any more. */
export class CallSite {
  readonly stack?: string

  /** `callee` and what it calls are left out. Costs some microseconds. */
  constructor(callee: (...values: never[]) => unknown) {
    ;(Error as { captureStackTrace?: (target: object, above: unknown) => void }).captureStackTrace?.(
      this,
      callee,
    )
  }

  /** Puts the caller's frames behind those of an error, unless it has them. What isn't Millrace's stays as it is. */
  mark(error: unknown): void {
    const [, ...frames] = this.stack?.split('\n') ?? []
    if (frames.length === 0 || !(error instanceof MillraceError) || error.stack?.includes(frames[0])) return
    error.stack = [error.stack, ...frames].join('\n')
  }
}
