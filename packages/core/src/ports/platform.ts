import type { MillraceError } from '../base/millrace-error.ts'
import type { Diagnostics } from './diagnostics.ts'
import type { EncryptionLoader } from './encryption.ts'
import type { Loop } from './loop.ts'

/** The code by which pipes bind and accept channels. `accepting` of core is the only one. */
export interface Accepting {
  readonly kind: 'accepting'
}

/** What an environment lends to a factory and all its pipes: `new ProtoFactory({ platform })`. Core knows none of its own. */
export interface Platform {
  readonly loop: Loop
  /** Unpredictable bytes of a cryptographic source. Node: `randomBytes`. */
  random(size: number): Uint8Array
  /** The time of day, in milliseconds since 1970: by it connect tokens expire. Node: `Date.now`. Without it, pipes take none: `unsupported`. */
  wallMs?(): number
  /** Memory for messages on their way; its content may be anything. Node: buffers, which sockets take as they are. Default: plain arrays. */
  allocate?(size: number): Uint8Array
  /** Brings the code that encrypts when it is first needed. Node: `node:crypto` and `@millrace/core/noise`. Without it, pipes can't encrypt: `unsupported`. */
  readonly encryption?: EncryptionLoader
  /** Lets pipes bind and accept channels: `accepting`. Without it, as for a client in a browser, `bind` is `unsupported`. */
  readonly accepting?: Accepting
  /** For those who trace. Node: `node:diagnostics_channel`. */
  readonly diagnostics?: Diagnostics
  /** Where an error goes when `error` has no handler. Node: a process warning. */
  warn?(error: MillraceError): void
}
