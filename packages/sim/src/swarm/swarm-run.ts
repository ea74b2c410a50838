import { Random } from '../base/random.ts'
import { hashOf } from '../base/trace-hash.ts'
import type { UdpPacket } from '../net/packet.ts'
import type { Host } from '../world/host.ts'
import { World } from '../world/world.ts'
import { ChannelsProgram, serverPort } from './channels-program.ts'
import { lengthOf, type Scene, unleash } from './hazard.ts'
import type { SwarmPlan } from './plan.ts'
import type { SwarmProgram, SwarmSetting } from './swarm-program.ts'
import { type Spoof, WireWatch } from './wire-watch.ts'

/** How long after the hazards are over all must be well, in milliseconds, and how often that is asked. */
const healingMs = 60_000
const lookEveryMs = 250
const spoofEveryMs = 200
const faultsMax = 10

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
  readonly #plan: SwarmPlan
  readonly #faults: string[] = []
  readonly #program: SwarmProgram
  readonly #watch: WireWatch
  readonly #random: Random
  #attackers = 0

  constructor(plan: SwarmPlan, make: SwarmProgramMaker = (setting) => new ChannelsProgram(setting)) {
    this.#plan = plan
    this.world = new World({ seed: plan.seed, net: { delayMs: plan.delayMs } })
    this.server = this.world.host('server')
    this.players = Array.from({ length: plan.players }, (_, index) => this.world.host(`player${index + 1}`))
    const fault = (text: string) => {
      if (this.#faults.length < faultsMax) this.#faults.push(`at ${this.world.now} ms: ${text}`)
    }
    this.#watch = new WireWatch(serverPort, plan.encryption !== 'none', fault)
    this.#random = new Random(hashOf('spoofing', plan.seed))
    const random = new Random(hashOf('program', plan.seed))
    const { world, server, players } = this
    this.#program = make({ plan, world, server, players, random, fault })
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
      if (this.#faults.length === 0) {
        await world.until(this.#program.end(), healingMs)
        await world.end()
        this.#program.conclude?.()
      }
    } catch (error) {
      this.#faults.push(`at ${world.now} ms: ${error instanceof Error ? error.message : String(error)}`)
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
      let end = () => {}
      const begin = () => {
        end = unleash(hazard, this)
      }
      return [
        { atMs: hazard.atMs, run: begin },
        { atMs: Math.min(safetyMs, hazard.atMs + lengthOf(hazard)), run: () => end() },
      ]
    })
    for (let atMs = spoofEveryMs; atMs < safetyMs; atMs += spoofEveryMs)
      moments.push({ atMs, run: () => this.#attack() })
    moments.sort((one, other) => one.atMs - other.atMs)
    for (const { atMs, run } of moments) {
      if (this.#faults.length > 0) return
      await world.run(Math.max(0, atMs - world.now))
      run()
    }
    await world.run(Math.max(0, safetyMs - world.now))
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
      const unwell = this.#program.unwell()
      if (unwell.length === 0) break
      if (world.now - since < healingMs) continue
      this.#faults.push(`${healingMs / 1000} s after all is healed: ${unwell.join('; ')}`)
    }
    return world.now - since
  }
}
