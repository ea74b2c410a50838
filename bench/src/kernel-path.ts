import { nativeProgram } from './native.ts'
import { conditionArguments, type PathConditions } from './path-model.ts'
import type { Measurement } from './scenario.ts'
import { type Facts, type Program, startWorker, type Worker } from './worker.ts'

/** What IP and UDP add to a datagram, in bytes. */
const headerSize = 28

/** The congestion control of the kernel's tcp: a name that it knows, or what it takes by itself. */
export type Congestion = 'cubic' | 'bbr' | 'default'

/**
 * A path between two networks of the kernel, `near` and `far`, of which packets of all kinds are carried as the model says, tcp among them. Sizes are those of IP packets, but for
 * `packetSizeMax`, which is of datagrams. Needs root on Linux; nothing of it is left when it is closed or this process ends, however that ends.
 */
export class KernelPath {
  readonly #bridge: Worker
  readonly #path: string
  readonly #facts: Facts

  private constructor(bridge: Worker, path: string, facts: Facts) {
    this.#bridge = bridge
    this.#path = path
    this.#facts = facts
  }

  /** Throws `NotRun` where the machine can't do it, with the reason. */
  static async open(conditions: PathConditions, congestion: Congestion = 'default'): Promise<KernelPath> {
    const program = await nativeProgram('kernel-path.c')
    const given = { ...conditions, packetSizeMax: conditions.packetSizeMax + headerSize }
    const bridge = startWorker(program, { seed: conditions.seed, ...conditionArguments(given), congestion })
    try {
      return new KernelPath(bridge, (program as { path: string }).path, await bridge.ready)
    } catch (error) {
      await bridge.stop()
      throw error
    }
  }

  /** The address of the far side, as the near one sees it. */
  get farHost(): string {
    return String(this.#facts.farHost)
  }

  /** The congestion control that the kernel takes by itself. */
  get standard(): string {
    return String(this.#facts.standard)
  }

  /** The same program, to be run on the near side. */
  near(program: Program): Program {
    return { ...program, through: [this.#path, 'enter', String(this.#facts.near)] }
  }

  /** The same program, to be run on the far side. */
  far(program: Program): Program {
    return { ...program, through: [this.#path, 'enter', String(this.#facts.far)] }
  }

  /** What it did so far, in both directions: packets, how late they were delivered, and CPU time. To be asked once. */
  async counts(): Promise<Measurement> {
    this.#bridge.start()
    return await this.#bridge.result
  }

  /** What is under way never arrives. Programs inside may go on, and reach nothing. */
  close(): Promise<void> {
    return this.#bridge.stop()
  }
}
