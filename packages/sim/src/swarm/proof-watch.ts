import type { Rules } from './rules.ts'

/** Packets before a connection, and where their cookie stands (docs/UDP.md, section 2). */
const kindOf = { request: 0x10, retry: 0x11, accept: 0x12 } as const
const cookieAt = 10
const cookieSize = 20

/** An address, as far as it has shown that it receives what is sent there. */
interface Address {
  /** Which host sends from there. */
  owner: string
  received: number
  sent: number
  isProven: boolean
  /** Those that were told to it, and whether it has shown one of them. */
  readonly cookies: Set<string>
  hasShown: boolean
}

/**
 * What a server sends to addresses that have proven nothing. One is taken for proven as soon as its host sends something, from there or from where it has moved
 * since, after something was sent to it: the server can know it no sooner.
 */
export class ProofWatch {
  readonly #rules: Rules
  readonly #silent: ReadonlySet<string>
  readonly #addresses = new Map<string, Address>()

  /** `silent`: hosts that never send, whatever says that it comes from there. */
  constructor(rules: Rules, silent: readonly string[]) {
    this.#rules = rules
    this.#silent = new Set(silent)
  }

  /** Something was sent to the server that says it comes from there. */
  received(host: string, port: number, bytes: Uint8Array, owner: string): void {
    const address = this.#at(host, port)
    address.received += bytes.length
    if (this.#silent.has(host)) return
    address.owner = owner
    for (const other of this.#addresses.values())
      if (other.sent > 0 && other.owner === owner) other.isProven = true
    if (bytes[0] === kindOf.request && address.cookies.has(cookieIn(bytes))) address.hasShown = true
  }

  /** The server sends something there. */
  sent(host: string, port: number, bytes: Uint8Array): void {
    const address = this.#at(host, port)
    address.sent += bytes.length
    const { sent, received, isProven } = address
    if (!isProven)
      this.#rules.hold(
        'no more than came from there',
        sent <= received,
        () => `${sent} bytes went to ${host}:${port}, from where ${received} came`,
      )
    if (bytes[0] === kindOf.retry) address.cookies.add(cookieIn(bytes))
    if (bytes[0] === kindOf.accept)
      this.#rules.hold(
        'no connection without proof',
        address.hasShown,
        () =>
          `a connection was accepted from ${host}:${port}, which never showed a cookie that was sent there`,
      )
  }

  #at(host: string, port: number): Address {
    const name = `${host}:${port}`
    let address = this.#addresses.get(name)
    if (address === undefined) {
      address = { owner: '', received: 0, sent: 0, isProven: false, cookies: new Set(), hasShown: false }
      this.#addresses.set(name, address)
    }
    return address
  }
}

function cookieIn(bytes: Uint8Array): string {
  return bytes.subarray(cookieAt, cookieAt + cookieSize).join()
}
