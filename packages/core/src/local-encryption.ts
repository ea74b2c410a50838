import { CipherError } from '@millrace/cipher'
import type { ChannelEncryption } from './channel-encryption.ts'
import type { HandshakePlan } from './encryption.ts'

/**
 * The handshake of two ends in one process, in one go. Nothing leaves the process, so nothing is sealed behind it; but keys must fit, and there
 * is a channel binding, so that a program behaves on a local channel as it would on others. Answers what each side knows then, or why not.
 */
export function shakeLocally(
  opened: HandshakePlan,
  accepted: HandshakePlan,
): { readonly opened: ChannelEncryption; readonly accepted: ChannelEncryption } | string {
  try {
    while (opened.handshake.turn === 'write') {
      accepted.handshake.read(opened.handshake.write())
      if (accepted.handshake.turn === 'write') opened.handshake.read(accepted.handshake.write())
    }
    return { opened: resultOf(opened), accepted: resultOf(accepted) }
  } catch (error) {
    if (error instanceof CipherError) return `the handshake failed: ${error.message}`
    throw error
  }
}

function resultOf({ handshake, suite }: HandshakePlan): ChannelEncryption {
  const { send, receive, remoteStatic, handshakeHash } = handshake.split()
  send.wipe()
  receive.wipe()
  return { suite, peerKey: remoteStatic, handshakeHash }
}
