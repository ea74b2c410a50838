import { sharedByCopies } from './copies.ts'

/** Throw it in the handler of a request to tell the peer why there is no reply. Any other error stays on this side. */
export class RequestError extends Error {
  static {
    sharedByCopies(RequestError, 'RequestError')
  }

  /** `message` is at most 255 bytes of UTF-8; more is cut off. */
  constructor(message: string) {
    super(message)
    this.name = 'RequestError'
  }
}
