import { MillraceError } from '../base/millrace-error.ts'
import type { ChannelEncryptionOwner, ChannelEncryptionSteps } from '../ports/encryption.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'

/** What of a carrier tells whether its channel can begin to encrypt. */
type Encrypting = ChannelEncryptionOwner & { readonly crypto: PlatformCrypto }

/** How an open channel begins to encrypt; or how it refuses, on either side's word. */
export function encryptionOf(owner: Encrypting): ChannelEncryptionSteps {
  const { link, crypto } = owner
  // What changes at an exact byte can't where frames overtake each other.
  if (link.below.speaks !== undefined)
    return without(owner, 'a channel over packets encrypts from its beginning: encrypt its pipe')
  return crypto.encryption?.forChannel(owner) ?? without(owner, 'this platform brings no code that encrypts')
}

function without(
  owner: Pick<ChannelEncryptionOwner, 'isOpen' | 'fail'>,
  why: string,
): ChannelEncryptionSteps {
  return {
    begin: () => {
      throw new MillraceError('unsupported', why)
    },
    came: () => {
      if (owner.isOpen) owner.fail({ code: 'encryption-failed', what: `the peer asked for it, but ${why}` })
    },
    end: () => {},
  }
}
