import type { Random } from '../base/random.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import type { SwarmPlan } from './plan.ts'
import type { Rules } from './rules.ts'
import type { WireWatch } from './wire-watch.ts'

/** What a program of the swarm runs on. */
export interface SwarmSetting {
  readonly plan: SwarmPlan
  readonly world: World
  readonly server: Host
  readonly players: readonly Host[]
  /** Of the program's own: the hazards have others. */
  readonly random: Random
  /** Something is wrong: the run fails. */
  readonly fault: (text: string) => void
}

/** What Millrace's own program has beside: the rules that are counted, and what is seen on the wire. */
export interface WatchedSetting extends SwarmSetting {
  readonly rules: Rules
  readonly watch: WireWatch
}

/** A program on the hosts of the swarm: Millrace's own, or the server and the players of a game. */
export interface SwarmProgram {
  /** The safety phase begins: start on all hosts. */
  start(): void
  /** A host has crashed and is up again: start there anew. */
  restarted(host: Host): void
  /** Called after each piece of a program: `fault` what must always hold, and doesn't. */
  check?(): void
  /** Called every 100 ms: `fault` what should have come by now, and hasn't. */
  look?(): void
  /** All hazards are over: nothing more needs to be sent than what shows that all is well. */
  healed(): void
  /** What is not well yet, asked four times a second after `healed`: a minute later it is a fault. */
  unwell(): string[]
  /** The run is over: close all. Resolves when that is done. */
  end(): Promise<void>
  /** Everything is closed: `fault` what must hold in the end. */
  conclude?(): void
}
