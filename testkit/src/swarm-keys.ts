import type { KeyPair, Primitives } from '@millrace/cipher'
import type {
  EncryptionAlgorithm,
  EncryptionOptions,
  IdentityEncryption,
  PendingChannel,
  SharedKeyEncryption,
} from '@millrace/core'
import type { Random } from '@millrace/sim'

/** What an opening pipe is given. */
export interface OpeningKeys {
  /** Undefined: it doesn't encrypt, although the other side does. */
  readonly encryption: EncryptionOptions | undefined
  /** Whether both sides say the same: otherwise none of its channels may open. */
  readonly isFitting: boolean
}

/** What `authorise` does for one key. */
type Verdict = 'yes' | 'yes, later' | 'no' | 'no, later' | 'throws' | 'rejects' | 'nonsense'

const verdicts: readonly Verdict[] = ['no', 'no, later', 'throws', 'rejects', 'nonsense']
const algorithms: readonly EncryptionAlgorithm[] = ['chacha20-poly1305', 'aes-256-gcm']
const patterns = ['XX', 'NK', 'IK', 'XK'] as const

/** One of the two algorithms that have a name. */
export function drawAlgorithm(random: Random, other?: EncryptionAlgorithm): EncryptionAlgorithm {
  return random.pick(algorithms.filter((algorithm) => algorithm !== other))
}

/**
 * Draws what the pipes of one run encrypt with: one shared key, or identities of one pattern; now and then a pipe that
 * doesn't fit. Answers for `authorise`, and remembers whom it let in.
 */
export class SwarmKeys {
  /** Channels to be that `authorise` answered true for. */
  readonly admitted = new Set<PendingChannel>()
  /** Channels to be that it was asked for. */
  readonly asked = new Set<PendingChannel>()
  readonly #random: Random
  readonly #primitives: Primitives
  readonly #sleep: (ms: number) => Promise<void>
  readonly #algorithm: EncryptionAlgorithm
  readonly #pattern: 'key' | IdentityEncryption['pattern']
  readonly #key: Uint8Array
  readonly #server: KeyPair
  readonly #verdicts = new Map<string, Verdict>()

  constructor(random: Random, primitives: Primitives, sleep: (ms: number) => Promise<void>) {
    this.#random = random
    this.#primitives = primitives
    this.#sleep = sleep
    this.#algorithm = drawAlgorithm(random)
    this.#pattern = random.chance(0.4) ? 'key' : random.pick(patterns)
    this.#key = random.bytes(32)
    this.#server = this.#pair()
  }

  /** Whether the accepting side asks `authorise` before it accepts. */
  get isAsking(): boolean {
    return this.#pattern !== 'key' && this.#pattern !== 'NK'
  }

  /** For the accepting pipe. */
  accepting(): EncryptionOptions {
    if (this.#pattern === 'key') return { key: this.#key, algorithm: this.#algorithm }
    const authorise = (key: Uint8Array, channel: PendingChannel) => this.#judge(nameOf(key), channel)
    const common = { algorithm: this.#algorithm, identity: this.#server }
    return this.#pattern === 'NK'
      ? { pattern: this.#pattern, ...common }
      : { pattern: this.#pattern, ...common, authorise }
  }

  /** For an opening pipe. */
  opening(): OpeningKeys {
    const random = this.#random
    const fitting = this.#fitting()
    if (random.chance(0.85)) return { encryption: fitting, isFitting: true }
    const kind = random.pick(['plain', 'algorithm', 'key', 'pattern'] as const)
    if (kind === 'plain') return { encryption: undefined, isFitting: false }
    if (kind === 'algorithm') {
      return {
        encryption: { ...fitting, algorithm: drawAlgorithm(random, this.#algorithm) },
        isFitting: false,
      }
    }
    if (fitting.key !== undefined)
      return { encryption: { ...fitting, key: random.bytes(32) }, isFitting: false }
    if (kind === 'key' && fitting.peerKey !== undefined)
      return { encryption: this.#identity(fitting.pattern, this.#pair().publicKey), isFitting: false }
    return { encryption: this.#other(fitting.pattern), isFitting: false }
  }

  #fitting(): SharedKeyEncryption | IdentityEncryption {
    return this.#pattern === 'key'
      ? { key: this.#key, algorithm: this.#algorithm }
      : this.#identity(this.#pattern)
  }

  #identity(
    pattern: IdentityEncryption['pattern'],
    peerKey: Uint8Array = this.#server.publicKey,
  ): IdentityEncryption {
    const random = this.#random
    const identity = this.#pair()
    this.#verdicts.set(nameOf(identity.publicKey), drawVerdict(random))
    const mine = random.chance(0.3) ? drawVerdict(random) : undefined
    const authorise = mine && ((_key: Uint8Array, channel: PendingChannel) => this.#answer(mine, channel))
    const algorithm = this.#algorithm
    if (pattern === 'NK') return { pattern, algorithm, peerKey, authorise }
    if (pattern !== 'XX') return { pattern, algorithm, identity, peerKey, authorise }
    // Under XX the key may be known before, or asked about, or be any key.
    if (peerKey !== this.#server.publicKey || random.chance(0.3))
      return { pattern, algorithm, identity, peerKey, authorise }
    return authorise === undefined
      ? { pattern, algorithm, identity, anyPeer: true }
      : { pattern, algorithm, identity, authorise }
  }

  #other(pattern: IdentityEncryption['pattern']): IdentityEncryption {
    return this.#identity(this.#random.pick(patterns.filter((other) => other !== pattern)))
  }

  /** An unknown key is not let in. */
  #judge(name: string, channel: PendingChannel): boolean | Promise<boolean> {
    return this.#answer(this.#verdicts.get(name) ?? 'no', channel)
  }

  #answer(verdict: Verdict, channel: PendingChannel): boolean | Promise<boolean> {
    this.asked.add(channel)
    switch (verdict) {
      case 'yes':
        this.admitted.add(channel)
        return true
      case 'no':
        return false
      case 'throws':
        throw new Error('no database')
      case 'nonsense':
        return JSON.parse('"yes"')
      default:
        return this.#later(verdict, channel)
    }
  }

  async #later(verdict: Verdict, channel: PendingChannel): Promise<boolean> {
    // Longer than a handshake may take, at times.
    await this.#sleep(this.#random.pick([0, 20, 300, 300, 3000]))
    if (verdict === 'rejects') throw new Error('no database, as was found later')
    if (verdict === 'no, later') return false
    this.admitted.add(channel)
    return true
  }

  #pair(): KeyPair {
    return this.#primitives.dh.pair(this.#random.bytes(32))
  }
}

function drawVerdict(random: Random): Verdict {
  if (random.chance(0.5)) return 'yes'
  return random.chance(0.6) ? 'yes, later' : random.pick(verdicts)
}

function nameOf(key: Uint8Array): string {
  return key.join()
}
