import { Random } from '../base/random.ts'
import { SimError } from '../base/sim-error.ts'
import { hashOf } from '../base/trace-hash.ts'
import type { Packet } from '../net/packet.ts'
import { noCounts, Path, type PathStatistics } from '../net/path.ts'
import { conditionsOf, type Net } from '../net/presets.ts'
import type { Scheduler } from '../time/scheduler.ts'

/** What is on its way in one direction, in bytes: what comes on top is dropped as if a queue were full, and counted so. */
export const underWayBytesMax = 64 * 1024 * 1024

/** What became of the packets in each direction, as seen from the program. Streams count the segments of their model of TCP, without those that end them by a reset. */
export interface NetemStatistics {
  readonly outgoing: PathStatistics
  readonly incoming: PathStatistics
}

/** What can be asked of a network that was made bad, and changed. */
export interface Netem {
  statistics(): NetemStatistics
  /** Other conditions, for all that is sent from now on. Throws `argument-invalid`. */
  setNet(net: Net): void
}

/** Both directions between this program and one peer. */
export interface PathPair {
  readonly outgoing: Path
  readonly incoming: Path
}

/** All ways from one program to its peers: each peer has its own, under the same conditions. They are counted together. */
export class BadPaths implements Netem {
  readonly #seed: number
  #conditions
  #count = 0
  readonly #pairs = new Set<PathPair>()
  readonly #outgoing = noCounts()
  readonly #incoming = noCounts()

  /** The n-th peer gets the same draws for the same seed, whatever its address. */
  constructor(net: Net, seed = 1) {
    if (!Number.isSafeInteger(seed))
      throw new SimError('argument-invalid', `seed is a whole number; got ${String(seed)}`)
    this.#conditions = conditionsOf(net)
    this.#seed = seed
  }

  statistics(): NetemStatistics {
    return { outgoing: { ...this.#outgoing }, incoming: { ...this.#incoming } }
  }

  setNet(net: Net): void {
    this.#conditions = conditionsOf(net)
    for (const { outgoing, incoming } of this.#pairs)
      outgoing.conditions = incoming.conditions = this.#conditions
  }

  /** The ways to one more peer, and what happens to what comes through. Give them back by `forget`. */
  add(
    time: Scheduler,
    arrived: { outgoing(packet: Packet): void; incoming(packet: Packet): void },
  ): PathPair {
    const number = this.#count++
    const conditions = this.#conditions
    const random = (direction: string) => new Random(hashOf(`${number} ${direction}`, this.#seed))
    const shared = { time, conditions, underWayBytesMax }
    const pair = {
      outgoing: new Path({ ...shared, random: random('out'), counts: this.#outgoing }, arrived.outgoing),
      incoming: new Path({ ...shared, random: random('in'), counts: this.#incoming }, arrived.incoming),
    }
    this.#pairs.add(pair)
    return pair
  }

  /** The peer is gone. What is on its way still arrives. */
  forget(pair: PathPair): void {
    this.#pairs.delete(pair)
  }
}
