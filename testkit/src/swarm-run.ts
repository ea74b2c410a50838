import type {
  AnyMessages,
  Channel,
  Driver,
  MillraceError,
  OverflowPolicy,
  Pipe,
  PipeOptions,
} from '@millrace/core'
import { Random } from '@millrace/sim'
import { wildNetwork } from './network-profile.ts'
import { plain } from './plain-codec.ts'
import { Rig } from './rig.ts'
import { disturb, heal } from './swarm-disturbance.ts'
import {
  drawEncryption,
  type EncryptionReport,
  SwarmEncryption,
  type SwarmEncryptionHost,
} from './swarm-encryption.ts'
import { SwarmLife } from './swarm-life.ts'
import { lossOf, type Side, textOf } from './swarm-side.ts'

/** What one run did. */
export interface SwarmReport {
  readonly seed: number
  readonly channels: number
  readonly messages: number
  readonly requests: number
  /** Close reasons, by how often they were told. */
  readonly reasons: ReadonlyMap<string, number>
  /** How much time passed in the run, in virtual milliseconds. */
  readonly virtualMs: number
  /** A number over everything that happened, in its order: the same for the same seed, always. */
  readonly trace: number
  /** With encryption alone. */
  readonly encryption?: EncryptionReport
}

/** What a run may do beyond the plain one. */
export interface SwarmOptions {
  /** `some`: pipes or channels encrypt, drawn from the seed, and their bytes are changed on the way. Default `none`. */
  readonly encryption?: 'none' | 'some'
}

const keys = ['move', 'chat', 'close', 'state']
const policies: readonly OverflowPolicy[] = [
  'wait',
  'wait',
  'drop-newest',
  'drop-oldest',
  'latest-by-key',
  'close',
]

/**
 * One run of everything at once, drawn from a seed: pipes and channels over a wild network, senders, readers, requests,
 * broadcasts, heartbeats, slow and failing handlers, freezes, cuts, closes and destroys at any moment. Throws when a
 * message came twice, out of order or changed; when an orderly end lost one; when a promise stays open, a channel has not
 * exactly one end, or anything is left behind. With encryption, also when something is in clear that must not be, or a change is believed.
 */
export async function runSwarm(seed: number, options: SwarmOptions = {}): Promise<SwarmReport> {
  const swarm = new Swarm(seed, options)
  try {
    return await swarm.run()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const unfinished = swarm.unfinished.map((what) => `; still ${what}`).join('')
    throw new Error(`seed ${seed} at ${swarm.now} ms: ${text}${unfinished}`, { cause: error })
  }
}

class Swarm {
  readonly #random: Random
  readonly #rig: Rig
  readonly #sides = new Map<Channel<AnyMessages>, Side>()
  readonly #pairs: [Side, Side][] = []
  readonly #faults: string[] = []
  readonly #endedAt = new Map<Channel<AnyMessages>, number>()
  readonly #work: Promise<unknown>[] = []
  /** What goes on, to tell why a run doesn't end. */
  readonly #open = new Set<() => string>()
  readonly #readers: Promise<void>[] = []
  readonly #pipes: Pipe<AnyMessages>[] = []
  readonly #joining: Side[] = []
  readonly #reasons = new Map<string, number>()
  #isOver = false
  #trace = 0x811c9dc5
  readonly #seed: number
  readonly #encryption: SwarmEncryption | undefined
  readonly #life: SwarmLife

  constructor(seed: number, { encryption = 'none' }: SwarmOptions) {
    this.#seed = seed
    this.#random = new Random(seed)
    const isClosed = this.#random.chance(0.5)
    const draw = encryption === 'none' ? undefined : drawEncryption(seed)
    this.#rig = new Rig({
      seed: this.#random.integer(0, 0xffffffff),
      network: wildNetwork(this.#random),
      protocol: plain(isClosed ? { keys: [...keys, 'ask', 'join'] } : {}),
      ...(draw === undefined ? {} : { primitives: draw.primitives }),
    })
    if (draw !== undefined) this.#encryption = new SwarmEncryption(draw, this.#host())
    this.#life = new SwarmLife(keys, { ...this.#host(), faults: this.#faults, endedAt: this.#endedAt })
  }

  get now(): number {
    return this.#rig.loop.now()
  }

  /** What has not ended. */
  get unfinished(): string[] {
    return [...this.#open].map((what) => what())
  }

  async run(): Promise<SwarmReport> {
    const { loop } = this.#rig
    const accepting = this.#pipe('accepting')
    accepting.on('accepted', (_pipe, channel) => this.#enter(channel, accepting, 'accepted'))
    await loop.until(accepting.bind())
    const openers = Array.from({ length: this.#random.integer(1, 3) }, () => this.#pipe('opening'))
    for (const opener of openers) {
      for (let count = this.#random.integer(1, 3); count > 0; count--)
        this.#begin('opening', this.#enterFrom(opener))
    }
    this.#begin('disturbing', disturb(this.#host(), this.#random.fork()))
    this.#begin('broadcasting', this.#speakToAll(accepting))
    while (this.#work.length > 0) await loop.until(Promise.all(this.#work.splice(0)), 3_600_000)
    if (this.#encryption !== undefined) await loop.until(this.#encryption.rest())
    heal(this.#rig.network)
    for (const side of this.#sides.values()) side.isEnding ||= side.channel.reason === undefined
    // From here on no program gives turns: what was asked for ends nevertheless.
    this.#isOver = true
    await loop.until(Promise.all(this.#pipes.map((pipe) => pipe.close('over'))), 60_000)
    await loop.until(Promise.all(this.#readers), 60_000)
    await loop.advance(1000)
    await this.#rig.end()
    this.#check()
    return {
      seed: this.#seed,
      channels: this.#sides.size,
      messages: this.#life.messages,
      requests: this.#life.requests,
      reasons: this.#reasons,
      virtualMs: loop.now(),
      trace: this.#trace >>> 0,
      ...(this.#encryption === undefined ? {} : { encryption: this.#encryption.report }),
    }
  }

  #host(): SwarmEncryptionHost {
    const { network, loop } = this.#rig
    return {
      network,
      loop,
      note: (...words) => this.#note(...words),
      begin: (what, work) => this.#begin(what, work),
      sleep: (ms) => this.#sleep(ms),
      end: (side, random) => this.#life.end(side, random),
    }
  }

  #pipe(role: 'accepting' | 'opening'): Pipe<AnyMessages> {
    const random = this.#random
    const highWaterBytes = random.pick([300, 5000, 100_000])
    const options: PipeOptions = {
      highWaterBytes,
      lowWaterBytes: Math.ceil(highWaterBytes / random.pick([2, 4, 10])),
      receiveHighWaterBytes: random.pick([500, 20_000]),
      messageSizeMax: random.pick([5000, 200_000]),
      iteratorQueueMax: random.pick([1, 10]),
      localQueueMax: random.pick([3, 100]),
      drive: random.pick(['auto', 'auto', 'manual', this.#driver] as const),
      maxOpenChannels: random.pick([3, 100]),
    }
    const make = (more: PipeOptions) => this.#rig.pipe('server', { ...options, ...more })
    const pipe = this.#encryption?.equip(role, make) ?? make({})
    if (options.drive === 'manual') this.#tick(pipe)
    this.#pipes.push(pipe)
    pipe.on('close', (_pipe, channel, reason) => {
      this.#note('close', reason.code)
      this.#endedAt.set(channel, this.now)
      this.#reasons.set(reason.code, (this.#reasons.get(reason.code) ?? 0) + 1)
      if (channel.reason !== reason) this.#faults.push(`${channel.describe()} has two reasons`)
    })
    return pipe
  }

  /** Gives turns late, and to all pipes as they come. */
  readonly #driver: Driver = {
    ready: async (pipe) => {
      await this.#sleep(this.#random.integer(0, 60))
      if (!this.#isOver) pipe.process(this.now)
    },
  }

  #tick(pipe: Pipe<AnyMessages>): void {
    if (this.#isOver) return
    pipe.process()
    this.#rig.loop.wakeAt(this.now + 33, () => this.#tick(pipe))
  }

  async #enterFrom(pipe: Pipe<AnyMessages>): Promise<void> {
    const random = this.#random.fork()
    await this.#sleep(random.integer(0, 200))
    const where = random.pick(['remote', 'remote', 'remote', 'local'] as const)
    const channel = await pipe.open(where).catch((error: MillraceError) => {
      this.#note('refused', error.code)
      if (typeof error.code !== 'string') throw error
    })
    if (channel === undefined) return
    this.#enter(channel, pipe, 'opened')
  }

  #enter(channel: Channel<AnyMessages>, pipe: Pipe<AnyMessages>, role: 'opened' | 'accepted'): void {
    const random = this.#random.fork()
    const policy = random.pick(policies)
    const side: Side = {
      channel,
      policy,
      queued: 0,
      next: 0,
      heard: [],
      isLossy: policy !== 'wait',
      broadcasts: 0,
      isEnding: false,
    }
    this.#sides.set(channel, side)
    channel.setOverflow(policy)
    channel.on('join', (index) => {
      this.#pairs.push([this.#joining[index], side])
      return index
    })
    for (const key of keys) {
      channel.onMessage(key, (body) => {
        this.#note('heard', key, body.n)
        side.heard.push(body.n)
        if (body.text !== textOf(body.n)) this.#faults.push(`message ${body.n} changed on its way`)
        this.#encryption?.heard(side)
        if (random.chance(0.02)) throw new Error('a handler that fails')
        if (random.chance(0.005)) void this.#life.end(side, random)
        return undefined
      })
    }
    channel.on('ask', async (n) => {
      if (random.chance(0.3)) await this.#sleep(random.integer(0, 300))
      if (random.chance(0.1)) throw new Error('no answer')
      return n + 1
    })
    if (random.chance(0.3)) channel.setHeartbeat(random.integer(500, 2000), 6000)
    // The first message says who is at the other end: behind others it might find no room.
    if (role === 'opened') channel.request('join', this.#joining.push(side) - 1).catch(() => undefined)
    this.#encryption?.enter(side, pipe)
    this.#begin(() => `living on ${channel.describe()}`, this.#life.live(side, random))
    // A reader waits for the end of its channel, however quiet that is.
    if (random.chance(0.3)) this.#readers.push(this.#life.read(channel, random))
  }

  async #speakToAll(pipe: Pipe<AnyMessages>): Promise<void> {
    const random = this.#random.fork()
    for (let count = random.integer(0, 5); count > 0; count--) {
      await this.#sleep(random.integer(0, 500))
      // Everyone hears one number: the next of each would differ, so these stand apart.
      pipe.broadcast('ask', -1)
      for (const channel of pipe.channels()) {
        const side = this.#sides.get(channel)
        if (side !== undefined) side.broadcasts++
      }
    }
  }

  #check(): void {
    const faults = this.#faults
    for (const { channel, heard } of this.#sides.values()) {
      const isRising = heard.every((n, index) => index === 0 || n > heard[index - 1])
      if (!isRising) faults.push(`${channel.describe()} heard ${heard.join(' ')}`)
    }
    for (const [one, two] of this.#pairs) faults.push(...lossOf(one, two), ...lossOf(two, one))
    faults.push(...(this.#encryption?.check(this.#pairs) ?? []))
    if (this.#life.settled !== this.#life.requests)
      faults.push(`${this.#life.requests - this.#life.settled} requests never ended`)
    if (faults.length > 0) throw new Error(faults.join('; '))
  }

  #begin(what: string | (() => string), work: Promise<unknown>): void {
    const entry = typeof what === 'string' ? () => what : what
    this.#open.add(entry)
    this.#work.push(work.finally(() => this.#open.delete(entry)))
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#rig.loop.wakeAt(this.now + ms, resolve))
  }

  #note(...words: unknown[]): void {
    const text = `${this.now} ${words.join(' ')}`
    for (let index = 0; index < text.length; index++)
      this.#trace = Math.imul(this.#trace ^ text.charCodeAt(index), 0x01000193)
  }
}
