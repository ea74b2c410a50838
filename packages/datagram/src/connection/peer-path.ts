import { PathCheck } from '../path/path-check.ts'

/** Where the peer is, as far as it is proven, and whether it has moved. */
export class PeerPath {
  host: string
  port: number
  readonly #random: (size: number) => Uint8Array
  #check: PathCheck | undefined

  constructor(host: string, port: number, random: (size: number) => Uint8Array) {
    this.host = host
    this.port = port
    this.#random = random
  }

  /**
   * An authentic packet of `size` bytes came from there; `isNewest`: no later one came before. If that is another address, the peer has moved, or someone
   * repeats its packets from there: it must prove that it receives there. Returns what to send there for that, if anything; `challengeSize`: the size of the packet.
   */
  heardFrom(
    host: string,
    port: number,
    size: number,
    isNewest: boolean,
    challengeSize: number,
    now: number,
  ): PathCheck | undefined {
    if (host === this.host && port === this.port) return undefined
    if (this.#check?.isOver(now)) this.#check = undefined
    if (this.#check === undefined && isNewest) this.#check = new PathCheck(host, port, this.#random, now)
    const check = this.#check
    if (check === undefined || !check.isOf(host, port)) return undefined
    check.received(size)
    return check.maySend(challengeSize, now) ? check : undefined
  }

  /** A response came: 8 bytes at `at`. Returns whether the peer has moved by it. */
  responded(bytes: Uint8Array, at: number): boolean {
    const check = this.#check
    if (check === undefined || !check.isAnswer(bytes, at)) return false
    this.#check = undefined
    this.host = check.host
    this.port = check.port
    return true
  }
}
