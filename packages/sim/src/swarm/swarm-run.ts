import { Random } from '../base/random.ts'
import { hashOf } from '../base/trace-hash.ts'
import type { UdpPacket } from '../net/packet.ts'
import type { Host } from '../world/host.ts'
import { World } from '../world/world.ts'
import { ChannelsProgram, serverPort } from './channels-program.ts'
import { type Hazard, lengthOf, type Scene, unleash } from './hazard.ts'
import type { SwarmPlan } from './plan.ts'
import { type RuleName, Rules } from './rules.ts'
import type { SwarmProgram, SwarmSetting } from './swarm-program.ts'
import { Weather } from './weather.ts'
import { type Spoof, WireWatch } from './wire-watch.ts'

/** How long after the hazards are over all must be well, in milliseconds, and how often that is asked. */
const healingMs = 60_000
const lookEveryMs = 250
const spoofEveryMs = 200
const lookLateEveryMs = 100
const faultsMax = 10

/**
 * Over a way that is slow for at least `floodAfterMs` and as long again, so much more than it carries may be sent, and so many bytes on top: probes of the rate, and
 * what is lost of them leaves again. Before that a sender believes in the rate that it has seen.
 */
const floodAfterMs = 1500
const floodFactor = 4
const floodBytes = 100_000
/** Slower ways carry less than the least window of a controller in a round trip, in bytes a second. */
const floodRateMin = 50_000

/** What one run did. */
export interface SwarmReport {
  readonly plan: SwarmPlan
  /** What was wrong; empty when all was well. */
  readonly faults: readonly string[]
  /** Of the world: two runs with the same are the same. */
  readonly traceHash: string
  /** How much time passed in the run, and how long it took to be well after the hazards, in virtual milliseconds. */
  readonly virtualMs: number
  readonly healedMs: number
  /** Datagrams that hosts sent, and those that a stranger did. */
  readonly datagrams: number
  readonly spoofed: number
  /** How often channels ended, by reason; empty for a program of your own. */
  readonly reasons: ReadonlyMap<string, number>
  /** How often each rule was looked at. Those of Millrace's own program are not, with a program of your own. */
  readonly rules: ReadonlyMap<RuleName, number>
}

/** Makes the program of a run. */
export type SwarmProgramMaker = (setting: SwarmSetting) => SwarmProgram

/** One run of a plan. Never rejects for what goes wrong in it: that is a fault of the report. */
export async function runPlan(plan: SwarmPlan, make?: SwarmProgramMaker): Promise<SwarmReport> {
  const run = new SwarmRun(plan, make)
  return run.run()
}

class SwarmRun implements Scene {
  readonly world: World
  readonly server: Host
  readonly players: readonly Host[]
  readonly weather: Weather
  readonly #plan: SwarmPlan
  readonly #faults: string[] = []
  readonly #program: SwarmProgram
  readonly #rules: Rules
  readonly #watch: WireWatch
  readonly #random: Random
  #attackers = 0

  constructor(plan: SwarmPlan, make: SwarmProgramMaker | undefined) {
    this.#plan = plan
    const { seed, delayMs, bytesPerSecond } = plan
    this.world = new World({ seed, net: { delayMs, bytesPerSecond } })
    this.server = this.world.host('server')
    this.players = Array.from({ length: plan.players }, (_, index) => this.world.host(`player${index + 1}`))
    const fault = (text: string) => {
      if (this.#faults.length < faultsMax) this.#faults.push(`at ${this.world.now} ms: ${text}`)
    }
    this.weather = new Weather(this.world, this.server)
    this.#rules = new Rules(fault)
    this.#watch = new WireWatch({
      plan,
      rules: this.#rules,
      serverHost: this.server.address,
      serverPort,
      ownerOf: (address) => this.players.find((player) => player.address === address)?.name ?? '',
      now: () => this.world.now,
    })
    this.#random = new Random(hashOf('spoofing', plan.seed))
    const random = new Random(hashOf('program', plan.seed))
    const { world, server, players } = this
    const setting = { plan, world, server, players, random, fault }
    const own = () => new ChannelsProgram({ ...setting, rules: this.#rules, watch: this.#watch })
    this.#program = make === undefined ? own() : make(setting)
    world.taps.push((packet) => this.#saw(packet))
    if (this.#program.check !== undefined) world.checks.push(() => this.#program.check?.())
  }

  async run(): Promise<SwarmReport> {
    const { world } = this
    let healedMs = 0
    try {
      this.#program.start()
      await this.#hazards()
      this.#heal()
      healedMs = await this.#untilWell()
      await this.#rest()
      if (this.#faults.length === 0) {
        await world.until(this.#program.end(), healingMs)
        await this.#end()
        this.#program.conclude?.()
      }
      this.#rules.hold('runs to its end', true, () => '')
    } catch (error) {
      this.#rules.hold('runs to its end', false, () =>
        error instanceof Error ? error.message : String(error),
      )
    }
    return {
      plan: this.#plan,
      faults: this.#faults,
      traceHash: world.traceHash,
      virtualMs: world.now,
      healedMs,
      datagrams: this.#watch.seen,
      spoofed: this.#watch.spoofed,
      reasons: this.#program instanceof ChannelsProgram ? this.#program.reasons : new Map(),
      rules: this.#rules.asked,
    }
  }

  restarted(host: Host): void {
    this.#program.restarted(host)
  }

  /** A stranger sends, from now until the result is called. */
  spoof(): () => void {
    this.#attackers++
    return () => void this.#attackers--
  }

  #attack(): void {
    for (let count = 0; count < this.#attackers; count++) this.#watch.attack(this.#random, this.#spoof)
  }

  readonly #spoof: Spoof = (from, bytes) =>
    this.world.spoof(from, { host: this.server.name, port: serverPort }, bytes)

  /** A stranger who sees a request with its cookie may be faster than it. */
  #saw(packet: UdpPacket): void {
    this.#watch.saw(packet)
    if (this.#attackers > 0 && WireWatch.isRequest(packet))
      this.#watch.repeat(this.#random, this.#spoof, packet.bytes)
  }

  /** The safety phase: each hazard begins and ends at its time. */
  async #hazards(): Promise<void> {
    const { world } = this
    const { safetyMs, hazards } = this.#plan
    const moments = hazards.flatMap((hazard) => {
      const { atMs } = hazard
      const endMs = Math.min(safetyMs, atMs + lengthOf(hazard))
      let end = () => {}
      let sent: readonly number[] = []
      const begins = () => {
        end = unleash(hazard, this)
      }
      const looks = () => {
        sent = this.#sentBytes(hazard)
      }
      const isLong = endMs >= atMs + 2 * floodAfterMs
      return [
        { atMs, run: begins },
        ...(isLong ? [{ atMs: atMs + floodAfterMs, run: looks }] : []),
        ...(isLong ? [{ atMs: endMs, run: () => this.#notFlooded(hazard, sent) }] : []),
        { atMs: endMs, run: () => end() },
      ]
    })
    for (let atMs = spoofEveryMs; atMs < safetyMs; atMs += spoofEveryMs)
      moments.push({ atMs, run: () => this.#attack() })
    if (this.#program.look !== undefined)
      for (let atMs = lookLateEveryMs; atMs < safetyMs; atMs += lookLateEveryMs)
        moments.push({ atMs, run: () => this.#program.look?.() })
    moments.sort((one, other) => one.atMs - other.atMs)
    for (const { atMs, run } of moments) {
      if (this.#faults.length > 0) return
      await world.run(Math.max(0, atMs - world.now))
      run()
    }
    await world.run(Math.max(0, safetyMs - world.now))
  }

  /** What was given to the ways of a hazard that makes them slow. */
  #sentBytes(hazard: Hazard): number[] {
    if (!('conditions' in hazard) || hazard.conditions.bytesPerSecond === undefined) return []
    const { there, back } = this.world.between(this.players[hazard.player], this.server)
    const ways = hazard.ways === 'both' ? [there, back] : [hazard.ways === 'there' ? there : back]
    return ways.map((way) => way.statistics().sentBytes)
  }

  /** Over a way that became slow not much more is sent than it carries, as soon as its losses have shown that. */
  #notFlooded(hazard: Hazard, before: readonly number[]): void {
    const now = this.#sentBytes(hazard)
    if (!('conditions' in hazard) || this.#plan.transport !== 'udp') return
    const { queueBytes = 0 } = hazard.conditions
    // Where several make a way slow, it is as fast as one of them says.
    const rates = this.#plan.hazards.map((other) =>
      'conditions' in other && other.player === hazard.player ? (other.conditions.bytesPerSecond ?? 0) : 0,
    )
    const bytesPerSecond = Math.max(...rates)
    if (bytesPerSecond < floodRateMin) return
    const mostBytes =
      floodFactor * ((bytesPerSecond * (this.world.now - hazard.atMs - floodAfterMs)) / 1000 + queueBytes) +
      floodBytes
    for (const [index, sent] of now.entries()) {
      const bytes = sent - before[index]
      const text = () => `${bytes} bytes were sent over a way that carries ${bytesPerSecond} a second`
      this.#rules.hold('a narrow way is not flooded', bytes <= mostBytes, text)
    }
  }

  #heal(): void {
    const { world, server } = this
    world.heal()
    for (const host of [server, ...this.players]) {
      if (host.isDown) {
        host.restart()
        this.#program.restarted(host)
      }
      host.resume()
      host.heal()
    }
    this.#program.healed()
  }

  /** Returns how long it took. */
  async #untilWell(): Promise<number> {
    const { world } = this
    const since = world.now
    while (this.#faults.length === 0) {
      await world.run(lookEveryMs)
      this.#program.look?.()
      const unwell = this.#program.unwell()
      if (unwell.length > 0 && world.now - since < healingMs) continue
      this.#rules.hold(
        'well after healing',
        unwell.length === 0,
        () => `${healingMs / 1000} s after all is healed: ${unwell.join('; ')}`,
      )
      break
    }
    return world.now - since
  }

  /** What is well stays so when nothing is said. */
  async #rest(): Promise<void> {
    const { restMs } = this.#plan
    if (restMs === 0 || this.#faults.length > 0) return
    await this.world.run(restMs)
    const unwell = this.#program.unwell()
    this.#rules.hold(
      'well after silence',
      unwell.length === 0,
      () => `${restMs / 1000} s later: ${unwell.join('; ')}`,
    )
  }

  async #end(): Promise<void> {
    let left: unknown
    await this.world.end().catch((error: unknown) => {
      left = error
    })
    this.#rules.hold('nothing is left', left === undefined, () =>
      left instanceof Error ? left.message : String(left),
    )
  }
}
