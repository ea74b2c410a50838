import type { TokenCode } from '../base/token-code.ts'
import type { EncryptionCode, EncryptionLoader } from '../ports/encryption.ts'
import { EncryptionUpgrade } from './encryption-upgrade.ts'
import { encryptionValue } from './encryption-value.ts'
import { LoadedEncryption } from './pipe-encryption.ts'

/**
 * A loader for a platform. `load` is called when the first pipe or channel encrypts, and not again, also if it failed; `ready` is the code, where
 * it is there already; `tokens` is `connectTokens`, where pipes may have connect tokens.
 */
export function encryptionLoader(
  load: () => Promise<EncryptionCode>,
  ready?: EncryptionCode,
  tokens?: TokenCode,
): EncryptionLoader {
  let loaded = ready
  let loading: Promise<EncryptionCode> | undefined
  const loadOnce = async () => {
    loaded = await load()
    return loaded
  }
  const loader: EncryptionLoader = {
    get loaded() {
      return loaded
    },
    tokens,
    load: () => (loading ??= loadOnce()),
    own: (options) => encryptionValue(options, loader),
    forPipe: (options) => new LoadedEncryption(loader, options),
    forChannel: (owner) => new EncryptionUpgrade(loader, owner),
  }
  return loader
}
