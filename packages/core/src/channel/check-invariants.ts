import { conversationOf } from './channel.ts'

/** Throws when the state, the reason or the numbers of a channel contradict each other. For tests, which call it after each step. */
export function checkInvariants(channel: object): void {
  const { state, reason, isDrainAwaited, carrier } = conversationOf(channel)
  const isOver = state === 'closed'
  if (isOver !== (reason !== undefined) || (isOver && isDrainAwaited))
    throw new Error(`the conversation contradicts itself: ${state}, reason ${reason?.code}`)
  carrier.invariants?.()
}
