import { MillraceError } from '../base/millrace-error.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { LinkRoom } from '../ports/transport.ts'
import type { HandshakeSlots } from './handshake-slots.ts'

/**
 * Makes room for one more handshake: there are at most `maxHandshakes`, and they take half of the links that channels leave free in the process. Returns the
 * error to report when a handshake had to be cut, `none` when there was none to cut although the process can't hold one more link.
 */
export function makeRoom(
  slots: HandshakeSlots<Conversation>,
  maxHandshakes: number,
  openCount: number,
  room: LinkRoom | undefined,
): MillraceError | 'free' | 'none' {
  const isFull = room?.isFull === true
  const half = room === undefined ? Number.POSITIVE_INFINITY : Math.floor((room.capacity - openCount) / 2)
  const most = Math.max(1, Math.min(maxHandshakes, half))
  if (slots.taken < most && !isFull) return 'free'
  const { taken } = slots
  const first = slots.take()
  if (first === undefined) return isFull ? 'none' : 'free'
  const isCut = slots.has(first)
  first.carrier.destroy()
  if (!isCut) return 'free'
  const isOutside = isFull || half < maxHandshakes
  const what = isOutside ? 'half of the descriptors left, ulimit -n' : 'maxHandshakes'
  const text = `${taken + 1} peers were saying hello at once (${what}): one was cut, of an address that has or wastes many`
  return new MillraceError(isOutside ? 'descriptor-limit' : 'channel-limit', text)
}

/** A number from 0 to less than 1 that no peer foresees. */
export function randomOf(crypto: PlatformCrypto): number {
  const { buffer, byteOffset } = crypto.random(4)
  return new DataView(buffer, byteOffset, 4).getUint32(0) / 2 ** 32
}
