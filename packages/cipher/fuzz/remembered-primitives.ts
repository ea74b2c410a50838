import { type Aead, type AeadKey, type Hash, type Primitives, TAG_SIZE } from '../src/base/primitives.ts'
import type { CallMemory } from './call-memory.ts'

/** The hashes and ciphers of `real`, as far as `memory` has their answers; all else is as it was. */
export function rememberedPrimitives(real: Primitives, memory: CallMemory): Primitives {
  return {
    ...real,
    name: `remembered ${real.name}`,
    aead(name) {
      const aead = real.aead(name)
      return aead && rememberedAead(aead, memory)
    },
    hash: (name) => rememberedHash(real.hash(name), memory),
  }
}

function rememberedHash(real: Hash, memory: CallMemory): Hash {
  const { name, size, blockSize } = real
  return {
    name,
    size,
    blockSize,
    digest: (...parts) => memory.answer([name, ...parts], () => real.digest(...parts))!,
    hmac: (key, ...parts) => memory.answer([`${name} hmac`, key, ...parts], () => real.hmac(key, ...parts))!,
    hkdf: (salt, input, info, length) =>
      memory.answer([`${name} ${length}`, salt, input, info], () => real.hkdf(salt, input, info, length))!,
  }
}

function rememberedAead(real: Aead, memory: CallMemory): Aead {
  return { name: real.name, nonceSize: real.nonceSize, key: (key) => new RememberedKey(real, key, memory) }
}

/** The real key is made when something is computed with it. */
class RememberedKey implements AeadKey {
  readonly #aead: Aead
  readonly #bytes: Uint8Array
  readonly #memory: CallMemory
  #real: AeadKey | undefined
  #isWiped = false

  constructor(aead: Aead, bytes: Uint8Array, memory: CallMemory) {
    this.#aead = aead
    this.#bytes = bytes.slice()
    this.#memory = memory
  }

  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    this.#expectLife()
    const sealed = this.#memory.answer(['seal', this.#bytes, nonce, ad, plaintext], () => {
      this.#key().seal(nonce, ad, plaintext, into)
      return into.subarray(0, plaintext.length + TAG_SIZE)
    })
    into.set(sealed!)
  }

  open(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array, into: Uint8Array): boolean {
    this.#expectLife()
    const plaintext = this.#memory.answer(['open', this.#bytes, nonce, ad, ciphertext], () =>
      this.#key().open(nonce, ad, ciphertext, into)
        ? into.subarray(0, ciphertext.length - TAG_SIZE)
        : undefined,
    )
    if (plaintext !== undefined) into.set(plaintext)
    return plaintext !== undefined
  }

  wipe(): void {
    this.#real?.wipe()
    this.#bytes.fill(0)
    this.#isWiped = true
  }

  #expectLife(): void {
    if (this.#isWiped) throw new Error(`a key of ${this.#aead.name} is used after it was wiped`)
  }

  #key(): AeadKey {
    this.#real ??= this.#aead.key(this.#bytes)
    return this.#real
  }
}
