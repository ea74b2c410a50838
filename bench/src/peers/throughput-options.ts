import type { WindowOptions } from '../window.ts'

/** What a throughput worker is told; the dialer learns the port as well. The order is that of the native programs. */
export type ThroughputOptions = {
  readonly size: number
  /** The clock is read every so many messages. Default 256. */
  readonly stride?: number
} & WindowOptions

/** The options of the side that dials. */
export type DialerOptions = ThroughputOptions & { readonly port: number }
