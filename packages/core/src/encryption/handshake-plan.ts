import { CipherError, type DhSecret, type Primitives, startHandshake, staticSecret } from '@millrace/cipher'
import { type EncryptionOptions, suiteOf } from '../base/encryption-options.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { checkRole, type EncryptionRole, patternOf } from '../base/parse-encryption.ts'
import type { HandshakeMaker, HandshakePlan } from '../ports/encryption.ts'

/** What the handshakes of Noise are made of. */
export interface NoiseCrypto {
  /** Ciphers, hashes and key agreement. Node: `fastestPrimitives`; everywhere: `noblePrimitives`. */
  readonly primitives: Primitives
  /** Unpredictable bytes of a cryptographic source. */
  random(size: number): Uint8Array
}

/** Bytes of a secret key. */
const secretSize = 32

/**
 * The handshakes of one side. Its keys are checked here, once: each handshake costs only what Noise says. Throws `argument-invalid` for what
 * the role can't keep or lacks, and for keys that can't be right.
 */
export function prepareHandshakes(
  options: EncryptionOptions,
  role: EncryptionRole,
  crypto: NoiseCrypto,
): HandshakeMaker {
  checkRole(options, role, 'encryption')
  const { identity, peerKey } = options
  const staticKeys =
    identity === undefined
      ? undefined
      : refusing(() => staticSecret(crypto.primitives.dh, identity, 'identity'))
  if (peerKey !== undefined) checkPeerKey(peerKey, crypto)
  return { plan: (prologue) => planHandshake(options, role, crypto, staticKeys, prologue) }
}

function planHandshake(
  options: EncryptionOptions,
  role: EncryptionRole,
  { primitives, random }: NoiseCrypto,
  staticKeys: DhSecret | undefined,
  prologue: string,
): HandshakePlan {
  const { key, peerKey } = options
  const pattern = patternOf(options)
  const suite = suiteOf(pattern, options.algorithm, 'encryption')
  const knowsPeer = role === 'opened' && pattern !== 'XX'
  const handshake = refusing(() =>
    startHandshake<string, 'initiator' | 'responder'>({
      suite,
      role: role === 'opened' ? 'initiator' : 'responder',
      primitives,
      random,
      prologue: ascii(`millrace/1 ${prologue}`),
      ...(key === undefined ? {} : { psks: [key] }),
      ...(staticKeys === undefined ? {} : { staticKeys }),
      ...(knowsPeer && peerKey !== undefined ? { remoteStatic: peerKey } : {}),
    }),
  )
  return {
    handshake,
    suite,
    isExpected: (proven) => peerKey === undefined || primitives.equal(proven, peerKey),
  }
}

/** A point of low order makes the same, public secret with every key, so it proves nothing. */
function checkPeerKey(peerKey: Uint8Array, { primitives, random }: NoiseCrypto): void {
  const probe = primitives.dh.secret(random(secretSize))
  const isLow = probe.shared(peerKey) === undefined
  probe.wipe()
  if (!isLow) return
  throw new MillraceError('argument-invalid', 'encryption: peerKey is a point of low order')
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof CipherError)) throw error
    throw new MillraceError('argument-invalid', `encryption: ${error.message}`, { cause: error })
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
