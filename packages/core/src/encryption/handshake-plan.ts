import { type Primitives, startHandshake, staticSecret } from '@millrace/cipher'
import { type EncryptionOptions, suiteOf } from '../base/encryption-options.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { checkRole, type EncryptionRole, patternOf } from '../base/parse-encryption.ts'
import { type TokenCode, tokenSideOf } from '../base/token-code.ts'
import type { HandshakeMaker } from '../ports/encryption.ts'
import { isCipherError } from './cipher-error.ts'

/** What the handshakes of Noise are made of. */
export interface NoiseCrypto {
  /** Ciphers, hashes and key agreement. Node: `fastestPrimitives`; everywhere: `noblePrimitives`. */
  readonly primitives: Primitives
  /** Unpredictable bytes of a cryptographic source. Where it isn't given, the primitives generate the keys of handshakes: those of Node do. */
  readonly random?: ((size: number) => Uint8Array) | undefined
  /** The code of connect tokens, where pipes may have them: `connectTokens` of `@millrace/core/tokens`. */
  readonly tokens?: TokenCode | undefined
}

const noBytes = new Uint8Array(0)
const noTime = () => Number.NaN

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
  const { primitives, random } = crypto
  const { identity, key, peerKey } = options
  if (random === undefined && primitives.dh.generate === undefined)
    throw new MillraceError('argument-invalid', `encryption: primitives ${primitives.name} need random`)
  const staticKeys =
    identity === undefined ? undefined : refusing(() => staticSecret(primitives.dh, identity, 'identity'))
  if (peerKey !== undefined) checkPeerKey(peerKey, primitives)
  const pattern = patternOf(options)
  const suite = suiteOf(pattern, options.algorithm, 'encryption')
  const tokens = tokenSideOf(options.tokens ?? options.token)
  if (tokens !== undefined) refusing(() => tokens.ready(primitives))
  const knowsPeer = role === 'opened' && pattern !== 'XX'
  const shared = {
    suite,
    role: role === 'opened' ? 'initiator' : 'responder',
    primitives,
    random,
    ...(key === undefined ? {} : { psks: [key] }),
    ...(staticKeys === undefined ? {} : { staticKeys }),
    ...(knowsPeer && peerKey !== undefined ? { remoteStatic: peerKey } : {}),
  } as const
  const isExpected = (proven: Uint8Array) => peerKey === undefined || primitives.equal(proven, peerKey)
  return {
    plan: (prologue, { wallMs = noTime }, peerAddress) => {
      const start = (sealed: Uint8Array, ofToken: object) =>
        startHandshake<string, 'initiator' | 'responder'>({
          ...shared,
          ...ofToken,
          prologue: prologueOf(prologue, sealed),
        })
      const begin = () =>
        tokens?.handshake({
          start: (sealed, psk, remoteStatic) =>
            start(sealed, { psks: [psk], ...(remoteStatic === undefined ? {} : { remoteStatic }) }),
          peerAddress,
          wallMs,
        }) ?? start(noBytes, {})
      return { handshake: refusing(begin), suite, isExpected }
    },
  }
}

/** A point of low order makes the same, public secret with every key, so it proves nothing: which key is tried doesn't matter. */
function checkPeerKey(peerKey: Uint8Array, { dh }: Primitives): void {
  const probe = dh.secret(new Uint8Array(secretSize).fill(1))
  const isLow = probe.shared(peerKey) === undefined
  probe.wipe()
  if (!isLow) return
  throw new MillraceError('argument-invalid', 'encryption: peerKey is a point of low order')
}

function refusing<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!isCipherError(error)) throw error
    throw new MillraceError('argument-invalid', `encryption: ${error.message}`, { cause: error })
  }
}

/** What the handshake is for, in ASCII; and a sealed token, if there is one. */
function prologueOf(text: string, sealed: Uint8Array): Uint8Array {
  const start = `millrace/1 ${text}`
  const bytes = new Uint8Array(start.length + sealed.length)
  for (let at = 0; at < start.length; at++) bytes[at] = start.charCodeAt(at)
  bytes.set(sealed, start.length)
  return bytes
}
