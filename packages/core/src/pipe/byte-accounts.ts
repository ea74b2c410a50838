import { checkPositive } from '../base/options.ts'
import { ByteAccount } from '../channel/byte-account.ts'
import { IncompleteFrames } from '../link/incomplete-frames.ts'

/** How many bytes all channels of a factory may have because of their peers: as in its options. */
export interface ByteLimits {
  readonly incompleteBytesMax: number | undefined
  readonly bytesMax: number | undefined
}

/** The accounts of the bytes of one factory. */
export interface ByteAccounts {
  /** What all channels hold. */
  readonly account: ByteAccount
  /** The frames that have begun and not ended, of all channels. */
  readonly incomplete: IncompleteFrames
}

const defaults = { incompleteBytesMax: 64 * 1024 * 1024, bytesMax: 1024 * 1024 * 1024 }

/** Makes the accounts. Throws `argument-invalid` for limits that are no positive numbers. */
export function byteAccounts({
  incompleteBytesMax = defaults.incompleteBytesMax,
  bytesMax = defaults.bytesMax,
}: ByteLimits): ByteAccounts {
  checkPositive('incompleteBytesMax', incompleteBytesMax)
  checkPositive('bytesMax', bytesMax)
  return { account: new ByteAccount(bytesMax), incomplete: new IncompleteFrames(incompleteBytesMax) }
}
