/** The paths from the server to its players, as Millrace measures them over udp. */
import type { Channel } from 'millrace'
import type { Arena } from './contract.ts'

/** All paths together: sums since the beginning, and for the rest what the path in the middle of all has. */
export interface PathsReport {
  readonly packetsOut: number
  /** What they carried was sent again, where its delivery says so. */
  readonly packetsLost: number
  readonly roundTripMs: number
  /** What could leave at once. */
  readonly budgetBytes: number
  readonly packetSize: number
}

type Player = Channel<Arena, 'server'>

const nothing = { packetsOut: 0, packetsLost: 0 }

export class Paths {
  readonly #counted = new WeakMap<Player, { readonly packetsOut: number; readonly packetsLost: number }>()
  #packetsOut = 0
  #packetsLost = 0

  /** Undefined over a transport that doesn't measure its paths, and without players. */
  look(channels: Iterable<Player>): PathsReport | undefined {
    const [roundTrips, budgets, sizes]: number[][] = [[], [], []]
    for (const channel of channels) {
      const { network } = channel.statistics()
      if (network === undefined) continue
      this.#count(channel, network)
      roundTrips.push(network.roundTripMs)
      budgets.push(channel.budgetBytes)
      sizes.push(network.packetSize)
    }
    if (sizes.length === 0) return undefined
    return {
      packetsOut: this.#packetsOut,
      packetsLost: this.#packetsLost,
      roundTripMs: median(roundTrips),
      budgetBytes: median(budgets),
      packetSize: median(sizes),
    }
  }

  /** Adds what is new since the last look, so that the sums know players who have left. */
  #count(channel: Player, { packetsOut, packetsLost }: { packetsOut: number; packetsLost: number }): void {
    const before = this.#counted.get(channel) ?? nothing
    this.#packetsOut += packetsOut - before.packetsOut
    this.#packetsLost += packetsLost - before.packetsLost
    this.#counted.set(channel, { packetsOut, packetsLost })
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}
