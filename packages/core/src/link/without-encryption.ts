import { MillraceError } from '../base/millrace-error.ts'
import type { ChannelEncryptionOwner, ChannelEncryptionSteps } from '../ports/encryption.ts'

/** What a channel does on a platform that brings no code that encrypts: it refuses, on either side's word. */
export function withoutEncryption(
  owner: Pick<ChannelEncryptionOwner, 'isOpen' | 'fail'>,
): ChannelEncryptionSteps {
  return {
    begin: () => {
      throw new MillraceError('unsupported', 'this platform brings no code that encrypts')
    },
    came: () => {
      if (owner.isOpen)
        owner.fail({ code: 'encryption-failed', what: 'the peer asked for it where no code encrypts' })
    },
    end: () => {},
  }
}
