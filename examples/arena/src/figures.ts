/** What was measured, from the reports of both processes: the rates of the last second, and those of the whole game. */
import type { BotsReport, Report, ServerReport } from './report.ts'
import type { Spread } from './spread.ts'

/** Per second. */
export interface Rates {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

const windowMs = 1000
const noRates: Rates = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
const noSpread: Spread = { count: 0, averageMs: 0, p50Ms: 0, p99Ms: 0 }

export class Figures {
  server: ServerReport | undefined
  bots: BotsReport | undefined
  playersMax = 0
  readonly #recent: ServerReport[] = []
  #first: ServerReport | undefined

  /** Everyone has joined: what happens from now on counts. */
  start(): void {
    this.#first = this.server
  }

  heard(report: Report): void {
    if (report.kind === 'bots') this.bots = report
    if (report.kind !== 'server') return
    this.server = report
    this.playersMax = Math.max(this.playersMax, report.players)
    this.#recent.push(report)
    while (this.#recent.length > 2 && report.atMs - this.#recent[1].atMs >= windowMs) this.#recent.shift()
  }

  ratesNow(): Rates {
    return rates(this.#recent[0], this.server)
  }

  ratesAll(): Rates {
    return rates(this.#first, this.server)
  }

  /** The share of packets to the players that was lost, over udp. */
  lossNow(): number {
    return loss(this.#recent[0], this.server)
  }

  lossAll(): number {
    return loss(this.#first, this.server)
  }

  /** How long the game was measured. */
  get seconds(): number {
    if (this.#first === undefined || this.server === undefined) return 0
    return (this.server.atMs - this.#first.atMs) / 1000
  }

  get tickNow(): Spread {
    return this.server?.tickNow ?? noSpread
  }

  get tickAll(): Spread {
    return this.server?.tickAll ?? noSpread
  }

  get roundTripNow(): Spread {
    return this.bots?.roundTripNow ?? noSpread
  }

  get roundTripAll(): Spread {
    return this.bots?.roundTripAll ?? noSpread
  }
}

function loss(from: ServerReport | undefined, to: ServerReport | undefined): number {
  const [before, now] = [from?.paths, to?.paths]
  const packets = (now?.packetsOut ?? 0) - (before?.packetsOut ?? 0)
  return packets === 0 ? 0 : ((now?.packetsLost ?? 0) - (before?.packetsLost ?? 0)) / packets
}

function rates(from: ServerReport | undefined, to: ServerReport | undefined): Rates {
  if (from === undefined || to === undefined || to.atMs <= from.atMs) return noRates
  const seconds = (to.atMs - from.atMs) / 1000
  return {
    messagesIn: (to.messagesIn - from.messagesIn) / seconds,
    messagesOut: (to.messagesOut - from.messagesOut) / seconds,
    bytesIn: (to.bytesIn - from.bytesIn) / seconds,
    bytesOut: (to.bytesOut - from.bytesOut) / seconds,
  }
}
