import { type EncryptionCode, encryptionLoader } from '@millrace/core'
import { connectTokens } from '@millrace/core/tokens'

/** Noise with the ciphers of `node:crypto`, imported when the first pipe or channel encrypts: programs that don't never load it. */
export const nodeEncryption = encryptionLoader(importCode, undefined, connectTokens)

async function importCode(): Promise<EncryptionCode> {
  const [{ noiseCode }, { fastestPrimitives }] = await Promise.all([
    import('@millrace/core/noise'),
    import('@millrace/cipher-node'),
  ])
  return noiseCode({ primitives: fastestPrimitives })
}
