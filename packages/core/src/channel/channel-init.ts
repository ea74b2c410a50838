import type { KeyTable } from '../base/key-table.ts'
import type { LineWriter } from '../base/log.ts'
import type { Conversation } from './conversation.ts'

/** What a channel's pipe hands to it. */
export interface ChannelInit {
  readonly conversation: Conversation
  readonly keys: KeyTable
  readonly iteratorQueueMax: number
  readonly lines: LineWriter
}
