import { CipherError } from '../src/base/errors.ts'
import { keyFromText, keyToText } from '../src/keys/key.ts'
import { noblePrimitives } from '../src/noble/noble.ts'
import type { TokenInside } from '../src/tokens/token.ts'
import { type ConnectToken, parseConnectToken } from '../src/tokens/token-connect.ts'
import { TokenIssuer } from '../src/tokens/token-issuer.ts'
import { readInside, TokenSeal, writeInside } from '../src/tokens/token-seal.ts'
import { TokenVerifier, tokenRefusals } from '../src/tokens/token-verifier.ts'
import { mutated, type Random } from './record-rig.ts'

const NOW = 1_795_000_000_000
const OUTCOMES: readonly string[] = [...tokenRefusals, 'accepted']

/** A login server, a game server, and tokens that were changed on their way: one each `step`. */
export class TokenRun {
  readonly #random: Random
  readonly #issuer: TokenIssuer
  readonly #verifier: TokenVerifier
  readonly #seal: TokenSeal
  readonly #applicationId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  readonly #usedMax: number
  readonly #accepted = new Set<Uint8Array>()
  #tokens: ConnectToken[] = []
  #now = NOW

  constructor(random: Random) {
    this.#random = random
    this.#usedMax = random.pick([10, 1000])
    const key = random.bytes(32)
    const keyring = { primitives: noblePrimitives, key, applicationId: this.#applicationId }
    this.#issuer = new TokenIssuer(keyring, (size) => random.bytes(size))
    this.#verifier = new TokenVerifier({ ...keyring, serverId: 's1', usedMax: this.#usedMax })
    this.#seal = new TokenSeal(noblePrimitives, key)
  }

  step(): string {
    const random = this.#random
    this.#now += random.below(20)
    if (random.below(100) === 0) this.#now += random.below(30_000) - 15_000
    if (this.#tokens.length < 20 || random.below(50) === 0) this.#tokens.push(this.#issue())
    if (this.#tokens.length > 40) this.#tokens.shift()
    const token = random.pick(this.#tokens)
    switch (random.below(4)) {
      case 0:
        return `sealed ${this.#sealed(token.sealed)}`
      case 1:
        return `inside ${this.#inside()}`
      case 2:
        return `connect ${this.#connect(token)}`
      default:
        return `text ${this.#text(token)}`
    }
  }

  /** A sealed token, shown as it is or changed. */
  #sealed(sealed: Uint8Array): string {
    const shown = this.#random.below(4) === 0 ? sealed : mutated(sealed, this.#random)
    const outcome = this.#use(shown)
    if (outcome === 'accepted' && Buffer.compare(shown, sealed) !== 0)
      throw new Error('a changed token was accepted')
    if (outcome === 'accepted') {
      if (this.#accepted.has(sealed)) throw new Error('a token was accepted twice')
      this.#accepted.add(sealed)
    }
    return outcome
  }

  /** The authentic inside of an issuer that writes what it likes. */
  #inside(): string {
    const random = this.#random
    const content =
      random.below(6) === 0
        ? random.bytes(random.below(200))
        : mutated(writeInside(this.#someInside()), random)
    const inside = readInside(content)
    if (inside !== undefined && Buffer.compare(writeInside(inside), content) !== 0)
      throw new Error('an inside that is not what it says')
    if (inside === undefined || random.below(4) > 0) return inside === undefined ? 'refused' : 'read'
    const header = { applicationId: this.#applicationId, notBefore: this.#now, expiry: this.#now + 1000 }
    return this.#use(this.#seal.seal(header, inside, (size) => random.bytes(size)))
  }

  #connect(token: ConnectToken): string {
    const bytes = mutated(token.bytes(), this.#random)
    const read = parseConnectToken(bytes)
    if (read === undefined) return 'refused'
    if (Buffer.compare(read.bytes(), bytes) !== 0) throw new Error('a token that is not what it says')
    return 'read'
  }

  #text(token: ConnectToken): string {
    const random = this.#random
    const text = token.text()
    const changed = Buffer.from(mutated(Buffer.from(text), random)).toString('latin1')
    const read = parseConnectToken(changed)
    if (read !== undefined && read.text() !== changed) throw new Error('a text that is not what it says')
    const keyText = Buffer.from(
      mutated(Buffer.from(keyToText(random.bytes(32), random.pick(['hex', 'base64url']))), random),
    ).toString('latin1')
    try {
      const key = keyFromText(keyText)
      if (key.length !== 32) throw new Error('a key of another size')
    } catch (error) {
      if (!(error instanceof CipherError)) throw error
    }
    return read === undefined ? 'refused' : 'read'
  }

  #use(sealed: Uint8Array): string {
    const shown = this.#verifier.verify(sealed, '198.51.100.1', this.#now)
    const { outcome } = shown.outcome === 'candidate' ? shown.redeem(this.#now) : shown
    if (!OUTCOMES.includes(outcome)) throw new Error(`the outcome '${outcome}'`)
    if (this.#verifier.usedCount > this.#usedMax) throw new Error(`${this.#verifier.usedCount} ids kept`)
    return outcome
  }

  #issue(): ConnectToken {
    const random = this.#random
    const server = {
      id: random.pick(['s1', 's2']),
      address: '192.0.2.1:7',
      publicKey: new Uint8Array(32).fill(1),
    }
    return this.#issuer.issue(
      {
        userId: `user${random.below(1000)}`,
        servers: Array(1 + random.below(8)).fill(server),
        lifetimeMs: 1000 + random.below(20_000),
        userData: random.bytes(random.below(257)),
        clientAddress: random.pick(['198.51.100.1', '198.51.100.2']),
      },
      this.#now,
    )
  }

  #someInside(): TokenInside {
    const random = this.#random
    return {
      id: random.bytes(16),
      psk: random.bytes(32),
      userId: 'u'.repeat(1 + random.below(64)),
      serverIds: Array(1 + random.below(8)).fill('s1'),
      clientAddress: random.pick(['', 'a.b']),
      userData: random.bytes(random.below(257)),
    }
  }
}
