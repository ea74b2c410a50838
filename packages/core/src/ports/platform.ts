import type { MillraceError } from '../base/millrace-error.ts'
import type { Diagnostics } from './diagnostics.ts'
import type { Loop } from './loop.ts'
import type { PlatformCrypto } from './platform-crypto.ts'

/** What a platform lends to pipes. Transports bring it along, so that core knows none. */
export interface Platform {
  readonly loop: Loop
  /** Memory for messages on their way; its content may be anything. Node: buffers, which sockets take as they are. Default: plain arrays. */
  allocate?(size: number): Uint8Array
  /** For encryption. Node: its own `crypto`. Without it, pipes can't encrypt. */
  readonly crypto?: PlatformCrypto
  /** For those who trace. Node: `node:diagnostics_channel`. */
  readonly diagnostics?: Diagnostics
  /** Where an error goes that nobody listens for. Node: a process warning. */
  warn?(error: MillraceError): void
}
