import { Random } from '../base/random.ts'
import { hashOf } from '../base/trace-hash.ts'
import type { ConditionOptions, Span } from '../net/conditions.ts'
import type { Hazard } from './hazard.ts'

/** All that a run of the swarm does, drawn from its seed. */
export interface SwarmPlan {
  readonly seed: number
  readonly transport: 'tcp' | 'udp'
  readonly encryption: 'none' | 'key' | 'XX' | 'IK'
  /**
   * `mild`: no channel of an honest peer may end by itself, as at most a fifth of its packets are lost and no silence is long. `wild`: channels may end
   * for every reason that a network can cause.
   */
  readonly weather: 'mild' | 'wild'
  readonly players: number
  /** How long the safety phase is, in milliseconds. */
  readonly safetyMs: number
  /** How long packets take when nothing else is said. */
  readonly delayMs: Span
  /** How much each way carries when nothing else is said, in bytes a second; `Infinity`: whatever is sent. */
  readonly bytesPerSecond: number
  /** One player sends more than a window of the transport holds. */
  readonly load: 'light' | 'heavy'
  /** How long all programs are silent when all is well, in milliseconds: longer than a heartbeat's timeout, or 0. */
  readonly restMs: number
  readonly hazards: readonly Hazard[]
}

/** What of a plan may be said rather than drawn. */
export type PlanOptions = { readonly [Name in keyof Omit<SwarmPlan, 'seed'>]?: SwarmPlan[Name] | undefined }

/** Draws the plan of a seed. What `options` says stands in the place of what was drawn, and changes nothing else. */
export function drawPlan(seed: number, options: PlanOptions = {}): SwarmPlan {
  const random = new Random(hashOf('swarm', seed))
  const transport = options.transport ?? (random.chance(0.7) ? 'udp' : 'tcp')
  const encryption = options.encryption ?? random.pick(['none', 'key', 'XX', 'IK'] as const)
  const weather = options.weather ?? (random.chance(0.5) ? 'mild' : 'wild')
  const players = options.players ?? random.pick([1, 1, 2])
  const safetyMs = options.safetyMs ?? random.integer(4000, 12_000)
  const least = random.pick([0, 5, 20, 60])
  const delayMs: Span = options.delayMs ?? [least, least + random.pick([0, 1, 20])]
  const rates = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 10_000_000, 2_000_000]
  const bytesPerSecond = options.bytesPerSecond ?? new Random(hashOf('rate', seed)).pick(rates)
  const load = options.load ?? (random.chance(0.04) ? 'heavy' : 'light')
  const restMs = options.restMs ?? (new Random(hashOf('rest', seed)).chance(0.2) ? 20_000 : 0)
  const base = {
    seed,
    transport,
    encryption,
    weather,
    players,
    safetyMs,
    delayMs,
    bytesPerSecond,
    load,
    restMs,
  }
  const draws = new HazardDraws(random.fork(), base)
  const count = random.integer(1, weather === 'mild' ? 5 : 8)
  const hazards = options.hazards ?? Array.from({ length: count }, () => draws.next())
  return { ...base, hazards }
}

type Narrow = Hazard & { readonly kind: 'narrow' }

/** Draws hazards that a plan allows. */
class HazardDraws {
  readonly #random: Random
  readonly #plan: Omit<SwarmPlan, 'hazards'>
  readonly #kinds: readonly Hazard['kind'][]

  constructor(random: Random, plan: Omit<SwarmPlan, 'hazards'>) {
    this.#random = random
    this.#plan = plan
    const isUdp = plan.transport === 'udp'
    const mild: Hazard['kind'][] = [
      'conditions',
      'conditions',
      'conditions',
      'conditions',
      'stall',
      'failing-sends',
    ]
    if (isUdp) mild.push('move', 'spoofing', 'tail', 'tail', 'narrow', 'blackout', 'blackout')
    const wild: Hazard['kind'][] = [
      ...mild,
      'partition',
      'isolation',
      'clog',
      'pause',
      'crash',
      'jump',
      'move',
      'reset',
      'slow-reader',
    ]
    this.#kinds = plan.weather === 'mild' ? mild : wild
  }

  next(): Hazard {
    const random = this.#random
    const { safetyMs, weather, players } = this.#plan
    const isMild = weather === 'mild'
    const kind = random.pick(this.#kinds)
    const atMs = random.integer(0, safetyMs - 1000)
    const forMs = random.integer(200, safetyMs - atMs)
    const player = random.integer(0, players - 1)
    const host = random.chance(0.4) ? 'server' : player
    const ways = random.pick(['there', 'back', 'both', 'both'] as const)
    switch (kind) {
      case 'conditions': {
        const isWhole = random.chance(0.4)
        const conditions = isMild ? this.#mild() : this.#wild()
        return {
          kind,
          player,
          ways,
          conditions,
          ...(isWhole ? { atMs: 0, forMs: safetyMs } : { atMs, forMs }),
        }
      }
      case 'partition':
        return { kind, player, ways, atMs, forMs }
      case 'clog':
        return { kind, player, atMs, forMs: Math.min(forMs, 5000) }
      case 'stall':
        return { kind, host, atMs, forMs: Math.min(forMs, isMild ? 1500 : 6000) }
      case 'isolation':
      case 'pause':
      case 'crash':
        return { kind, host, atMs, forMs }
      case 'move':
      case 'reset':
        return { kind, player, atMs }
      case 'jump':
        return { kind, host, atMs, byMs: random.pick([100, 5000, 60_000]) }
      case 'failing-sends':
        return {
          kind,
          host,
          atMs,
          forMs,
          code: random.pick(['EAGAIN', 'ENOBUFS']),
          chance: isMild ? 0.1 : random.pick([0.1, 0.5]),
        }
      case 'slow-reader':
        return { kind, host, atMs, forMs, bytesPerSecond: random.pick([200, 2000, 20_000]) }
      case 'tail': {
        const silenceMs = Math.min(random.integer(2500, 4500), safetyMs - atMs)
        return { kind, player, ways, atMs, forMs: silenceMs, cutMs: random.integer(200, 400) }
      }
      case 'narrow':
        return { kind, player, ways, atMs, ...this.#narrow(safetyMs - atMs), bytes: 2_000_000 }
      case 'blackout':
        return {
          kind,
          player,
          ways,
          atMs,
          forMs: Math.min(random.integer(isMild ? 1500 : 200, isMild ? 2900 : 6000), safetyMs - atMs),
          bytes: 2_000_000,
          moves: random.chance(0.5),
        }
      case 'spoofing':
        return { kind, atMs, forMs }
    }
  }

  /** How a way carries less: it is slow, loses a fifth, or takes smaller packets alone, both ways, as what comes back may show what is lost there. */
  #narrow(leftMs: number): Pick<Narrow, 'conditions' | 'forMs'> & Partial<Pick<Narrow, 'ways'>> {
    const random = this.#random
    const forMs = Math.min(random.integer(1500, 4000), leftMs)
    switch (random.integer(0, 2)) {
      case 0: {
        const bytesPerSecond = random.pick([100_000, 300_000])
        return { forMs, conditions: { bytesPerSecond, queueBytes: random.pick([50_000, 100_000]) } }
      }
      case 1:
        return { forMs, conditions: { loss: 0.2 } }
      default:
        return { forMs: leftMs, ways: 'both', conditions: { mtuBytes: random.pick([1228, 1300]) } }
    }
  }

  /** One condition that no channel ends by. */
  #mild(): ConditionOptions {
    const random = this.#random
    return random.pick<() => ConditionOptions>([
      () => ({ loss: random.pick([0.01, 0.05, 0.1, ...(this.#plan.transport === 'udp' ? [0.2] : [])]) }),
      () => ({ bursts: { chance: 0.01, packets: 5, msMax: 300, loss: 1 } }),
      () => ({ duplication: random.pick([0.02, 0.25]) }),
      () => ({ reorder: random.pick([0.02, 0.3]), reorderMs: [1, 40] }),
      () => ({ replay: random.pick([0.02, 0.2]) }),
      () => ({
        delayMs: [random.integer(0, 100), random.integer(100, 400)],
        jitter: random.pick(['even', 'bell']),
      }),
      () => ({ bytesPerSecond: random.pick([100_000, 1_000_000]), queueBytes: 100_000 }),
      () => this.#corruption(0.02),
      () => this.#blackHole(),
    ])()
  }

  /** One condition that channels may end by. */
  #wild(): ConditionOptions {
    const random = this.#random
    return random.pick<() => ConditionOptions>([
      () => ({ loss: random.pick([0.05, 0.15, 0.3]) }),
      () => ({
        bursts: { chance: 0.02, packets: random.pick([5, 30]), msMax: 2000, loss: random.pick([0.6, 1]) },
      }),
      () => ({ duplication: 0.25 }),
      () => ({ reorder: 0.3, reorderMs: [1, random.pick([40, 500])] }),
      () => ({ replay: 0.2 }),
      () => ({
        delayMs: [random.integer(0, 1000), random.integer(1000, 2000)],
        jitter: random.pick(['even', 'bell', 'long-tail']),
      }),
      () => ({ bytesPerSecond: random.pick([5000, 50_000]), queueBytes: random.pick([5000, 100_000]) }),
      () => ({ clogs: { chance: 0.01, ms: [10, 1500] } }),
      () => this.#corruption(0.1),
      () => this.#blackHole(),
    ])()
  }

  /** What is flipped in clear is found by the checksum of UDP in a real network: nothing else looks for it. */
  #corruption(share: number): ConditionOptions {
    const { transport, encryption } = this.#plan
    return transport === 'udp' && encryption === 'none' ? { loss: share } : { corruption: share }
  }

  /** Streams don't look for smaller packets. */
  #blackHole(): ConditionOptions {
    return this.#plan.transport === 'udp'
      ? { mtuBytes: this.#random.pick([1228, 1300, 1450]) }
      : { loss: 0.02 }
  }
}
