import { randomBytes } from 'node:crypto'
import type { EncryptionCode, EncryptionLoader } from '@millrace/core'

let loaded: EncryptionCode | undefined
let loading: Promise<EncryptionCode> | undefined

/** Noise with the ciphers of `node:crypto`, imported when the first pipe or channel encrypts: programs that don't never load it. */
export const nodeEncryption: EncryptionLoader = {
  get loaded() {
    return loaded
  },
  load() {
    loading ??= importCode()
    return loading
  },
}

async function importCode(): Promise<EncryptionCode> {
  const [{ noiseCode }, { fastestPrimitives }] = await Promise.all([
    import('@millrace/core/noise'),
    import('@millrace/cipher-node'),
  ])
  loaded = noiseCode({ primitives: fastestPrimitives, random: (size) => randomBytes(size) })
  return loaded
}
