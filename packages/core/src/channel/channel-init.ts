import type { KeyTable } from '../base/key-table.ts'
import type { LineWriter } from '../base/log.ts'

/** What a pipe hands to all of its channels. */
export interface ChannelInit {
  readonly keys: KeyTable
  readonly limits: { readonly iteratorQueueMax: number }
  readonly lines: LineWriter
}
