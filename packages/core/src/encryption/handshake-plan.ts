import { CipherError, type Primitives, startHandshake } from '@millrace/cipher'
import { type EncryptionOptions, suiteOf } from '../base/encryption-options.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { HandshakePlan } from '../ports/encryption.ts'

/** What the handshakes of Noise are made of. */
export interface NoiseCrypto {
  /** Ciphers, hashes and key agreement. Node: `fastestPrimitives`; everywhere: `noblePrimitives`. */
  readonly primitives: Primitives
  /** Unpredictable bytes of a cryptographic source. */
  random(size: number): Uint8Array
}

/** The handshake of one side. Throws `argument-invalid` for keys that the pattern lacks in this role. */
export function planHandshake(
  options: EncryptionOptions,
  role: 'accepted' | 'opened',
  { primitives, random }: NoiseCrypto,
  prologue: string,
): HandshakePlan {
  const isShared = 'key' in options
  const pattern = isShared ? 'NNpsk0' : options.pattern
  const suite = suiteOf(pattern, options.algorithm, 'encryption')
  const isOpening = role === 'opened'
  const ownsKeys = !isShared && (isOpening ? pattern !== 'NK' : true)
  const knowsPeer = !isShared && isOpening && pattern !== 'XX'
  try {
    const handshake = startHandshake<string, 'initiator' | 'responder'>({
      suite,
      role: isOpening ? 'initiator' : 'responder',
      primitives,
      random,
      prologue: ascii(`millrace/1 ${prologue}`),
      ...(isShared ? { psks: [options.key] } : {}),
      ...(ownsKeys ? { staticKeys: options.identity } : {}),
      ...(knowsPeer ? { remoteStatic: options.peerKey } : {}),
    })
    return { handshake, suite }
  } catch (error) {
    if (!(error instanceof CipherError)) throw error
    throw new MillraceError('argument-invalid', `encryption: ${error.message}`, { cause: error })
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
