import { concerns, type Hazard, hidesMove, lengthOf } from './hazard.ts'
import type { SwarmPlan } from './plan.ts'

/** A time in which the way between a player and the server may carry nothing, or a moment behind which the transport has to find its way anew. */
interface Disturbance {
  readonly from: number
  readonly to: number
  /** What it takes at most to find out, on top of what an outage does: in probe timeouts, and in milliseconds. */
  readonly timeouts: number
  readonly ms: number
}

/** Disturbances less than so far apart count as one outage: there may have been no acknowledgement between them. */
const togetherMs = 1500

/** UDP.md, section 10: between two probes. */
const probeMsMax = 5000

/** What a channel holds when much is said leaves within, as the window grows by itself, in milliseconds. */
const heavyMs = 4000

/** When a heartbeat asks a silent peer, in milliseconds. */
const heartbeatMs = 5000

/**
 * By when reliable messages must be there, over `udp`, by what goes wrong in a plan: nothing that was sent may wait for the program to say more. While a way may
 * lose packets nothing is promised. From then on the next probe leaves within twice the time that nothing came through, as probes are twice as far apart each time,
 * 5 s at most; it shows what was lost, and that arrives a round trip later.
 */
export class Lateness {
  readonly #players: readonly (readonly Disturbance[])[]
  readonly #timeoutMs: readonly number[]
  readonly #queueMs: readonly number[]

  constructor(plan: SwarmPlan) {
    const players = Array.from({ length: plan.players }, (_, player) =>
      plan.hazards.filter((hazard) => concerns(hazard, player)),
    )
    this.#players = players.map((hazards) => hazards.flatMap((hazard) => disturbances(hazard, hazards)))
    this.#queueMs = players.map((hazards) =>
      plan.load === 'heavy' || hazards.some((hazard) => 'bytes' in hazard) ? heavyMs : 0,
    )
    this.#timeoutMs = players.map((hazards) => timeoutMs(plan, hazards))
  }

  /** Since when the way of a player is good, `Infinity` while it isn't; and how long what waits then, or is sent then, may take. */
  at(player: number, now: number): { readonly sinceMs: number; readonly withinMs: number } {
    const begun = this.#players[player].filter(({ from }) => from <= now)
    const timeoutMs = this.#timeoutMs[player]
    let since = 0
    for (const { to } of begun) since = Math.max(since, to)
    if (since > now) return { sinceMs: Number.POSITIVE_INFINITY, withinMs: 0 }
    let [from, extra] = [since, 0]
    for (const one of begun.sort((a, b) => b.to - a.to)) {
      // What went wrong before may not have been mended yet.
      const mendedMs = Math.max(togetherMs, Math.min(2 * (one.to - one.from), probeMsMax))
      if (one.to + mendedMs < from) continue
      from = Math.min(from, one.from)
      extra += one.timeouts * timeoutMs + one.ms
    }
    return {
      sinceMs: since,
      withinMs: Math.min(2 * (since - from), probeMsMax) + 3 * timeoutMs + extra + this.#queueMs[player],
    }
  }
}

function disturbances(hazard: Hazard, others: readonly Hazard[]): Disturbance[] {
  const { atMs } = hazard
  const endMs = atMs + lengthOf(hazard)
  const outage = (to = endMs) => [{ from: atMs, to, timeouts: 0, ms: 0 }]
  const anew = () => [{ from: atMs, to: endMs, timeouts: 2, ms: probeMsMax + heartbeatMs }]
  switch (hazard.kind) {
    case 'narrow':
    case 'conditions': {
      const { conditions } = hazard
      const { loss, bursts, corruption, clogs, mtuBytes, bytesPerSecond } = conditions
      // Six packets that are swallowed show that; each may take a probe timeout.
      if (mtuBytes !== undefined) return [{ from: atMs, to: atMs, timeouts: 8, ms: 0 }]
      if (bytesPerSecond !== undefined) return outage(atMs + hazard.forMs + queueMs(hazard))
      const loses = loss !== undefined || bursts !== undefined || corruption !== undefined
      return loses || clogs !== undefined ? outage() : []
    }
    case 'partition':
    case 'isolation':
    case 'clog':
    case 'stall':
    case 'pause':
    case 'failing-sends':
    case 'slow-reader':
      return outage()
    case 'tail':
      return outage(atMs + hazard.cutMs)
    case 'blackout':
      return hazard.moves ? anew() : outage()
    // The peer learns of it when the player says something; or the program finds that its time is gone, or its host.
    case 'move':
    case 'reset':
    case 'jump':
    case 'crash':
      return anew()
    case 'spoofing':
      return hidesMove(hazard, others) ? outage() : []
  }
}

/** How long what waits in the queue of a slow way is there, in milliseconds. */
function queueMs(hazard: Hazard): number {
  if (hazard.kind !== 'conditions' && hazard.kind !== 'narrow') return 0
  const { bytesPerSecond = Number.POSITIVE_INFINITY, queueBytes = 262_144 } = hazard.conditions
  return (1000 * queueBytes) / bytesPerSecond
}

/** A probe timeout at most: the round trip and four times its variance, both made larger by what held packets back before. */
function timeoutMs(plan: SwarmPlan, hazards: readonly Hazard[]): number {
  let [delay, held] = [plan.delayMs[1], 0]
  for (const hazard of hazards) {
    if (hazard.kind === 'stall' || hazard.kind === 'pause' || hazard.kind === 'clog')
      held = Math.max(held, hazard.forMs)
    if (hazard.kind !== 'conditions' && hazard.kind !== 'narrow') continue
    const { delayMs, jitter, reorder, reorderMs = [0, 30], clogs, bytesPerSecond } = hazard.conditions
    const longest = typeof delayMs === 'number' ? delayMs : (delayMs?.[1] ?? 0)
    delay = Math.max(delay, jitter === 'long-tail' ? 10 * longest : longest)
    if (reorder !== undefined) held = Math.max(held, reorderMs[1])
    if (clogs !== undefined) held = Math.max(held, clogs.ms?.[1] ?? 5000)
    if (bytesPerSecond !== undefined) held = Math.max(held, queueMs(hazard))
  }
  return 6 * delay + 1.5 * held + 50
}
