import { frameNumberMax, namedKeySizeMax, textSize, writeText } from '@millrace/wire'
import { defaultTraits, type MessageTraits } from './message-traits.ts'
import { MillraceError } from './millrace-error.ts'

/** The most names that an open table learns from its own program. */
export const openKeysMax = 10_000

/**
 * The keys of a protocol's messages, the small numbers that stand for them, and what is known of each.
 *
 * A *closed* table is given once, by a contract: its numbers are the same on both sides and travel in the frames. An
 * *open* one learns a key when this program uses it; its numbers mean nothing outside, so keys travel by name. What
 * comes from the network never makes a table grow.
 */
export class KeyTable {
  readonly kind: 'closed' | 'open'
  readonly #names: string[]
  readonly #numbers: Map<string, number>
  readonly #texts: Uint8Array[] = []
  readonly #traits: readonly MessageTraits[]

  private constructor(kind: 'closed' | 'open', names: readonly string[], traits: readonly MessageTraits[]) {
    this.kind = kind
    this.#traits = traits
    this.#names = [...names]
    this.#numbers = new Map(names.map((name, number) => [name, number]))
  }

  /**
   * The table of a contract: the number of a key is its position, and so is that of its traits; nothing is known of keys
   * without any. At most 16,383 different keys of 255 bytes each.
   */
  static closed(names: readonly string[], traits: readonly MessageTraits[] = []): KeyTable {
    if (names.length > frameNumberMax) {
      throw new MillraceError(
        'argument-invalid',
        `a contract has ${names.length} messages; at most ${frameNumberMax} fit`,
      )
    }
    for (const name of names) checkName(name)
    return new KeyTable('closed', names, traits)
  }

  /** A table that learns. */
  static open(): KeyTable {
    return new KeyTable('open', [], [])
  }

  /** How many keys there are. */
  get count(): number {
    return this.#names.length
  }

  /** The number of a key that this program uses. Throws `key-unknown` when the contract has no such message. */
  number(name: string): number {
    return this.#numbers.get(name) ?? this.#learn(name)
  }

  /** The number of a key that came from elsewhere, or -1. */
  find(name: string): number {
    return this.#numbers.get(name) ?? -1
  }

  /** The key of a number. */
  name(number: number): string {
    return this.#names[number] ?? ''
  }

  /** What is known of the message of a number; for a number that there isn't, the defaults. */
  traits(number: number): MessageTraits {
    return this.#traits[number] ?? defaultTraits
  }

  /** A key as it travels by name: a size byte and UTF-8. */
  text(number: number): Uint8Array {
    return (this.#texts[number] ??= encodeName(this.#names[number]))
  }

  #learn(name: string): number {
    if (this.kind === 'closed') {
      const known = this.#names.length > 20 ? [...this.#names.slice(0, 20), '…'] : this.#names
      throw new MillraceError(
        'key-unknown',
        `the contract has no message '${name}'; it has: ${known.join(', ')}`,
      )
    }
    if (this.#names.length >= openKeysMax) {
      throw new MillraceError(
        'key-unknown',
        `this program already uses ${openKeysMax} keys; put ids into bodies, not keys`,
      )
    }
    checkName(name)
    this.#numbers.set(name, this.#names.length)
    return this.#names.push(name) - 1
  }
}

function checkName(name: string): void {
  const isText = typeof name === 'string' && !/[\ud800-\udfff]/u.test(name)
  if (isText && name.length > 0 && textSize(name) <= namedKeySizeMax) return
  const text = typeof name === 'string' ? `'${name.slice(0, 40)}' of ${textSize(name)} bytes` : String(name)
  throw new MillraceError('argument-invalid', `a key is a text of 1 to ${namedKeySizeMax} bytes; got ${text}`)
}

function encodeName(name: string): Uint8Array {
  const bytes = new Uint8Array(1 + textSize(name))
  writeText({ bytes, view: new DataView(bytes.buffer) }, 0, name)
  return bytes
}
