import { conversationOf } from './channel.ts'

/** Throws when the state, the reason or the numbers of a channel contradict each other. For tests, which call it after each step. */
export function checkInvariants(channel: object): void {
  conversationOf(channel).invariants()
}
