import { nodePrimitives } from '@millrace/cipher-node'
import { type AnyMessages, type Channel, describeReason, type Pipe, type PipeOptions } from '@millrace/core'
import { Random } from '@millrace/sim'
import { drawHonest } from './honest-draw.ts'
import { type HonestFeature, type HonestPlan, stallsAtMs, tickMs, unmended } from './honest-plan.ts'
import { HonestSide, isAsPlanned } from './honest-side.ts'
import { plain } from './plain-codec.ts'
import { Rig } from './rig.ts'

/** What one run did. */
export interface HonestReport {
  readonly seed: number
  readonly channels: number
  readonly messages: number
  readonly virtualMs: number
  /** What the run contained that not every run does. */
  readonly met: readonly string[]
  /** A number over everything that happened, in its order: the same for the same seed, always. */
  readonly trace: number
}

/** How a run is played. */
export interface HonestOptions {
  /** Features that are left out. Default: those that are `unmended`. */
  readonly without?: readonly HonestFeature[]
  /** Divides the limits of frames and stalls: far above 1, peers cannot keep them. Default 1. */
  readonly haste?: number
}

/**
 * One run of honest peers under limits that are as near as honest peers can keep them: drawn from a seed, with slow
 * readers, full queues, encryption, requests both ways and heartbeats on a network that is slow but bounded. Throws when a
 * channel ends otherwise than its programs asked, when a message or a reply is lost, doubled, changed or out of order,
 * when anything is told to `error`, hangs, or is left behind.
 */
export async function runHonest(seed: number, options: HonestOptions = {}): Promise<HonestReport> {
  const { without = unmended, haste = 1 } = options
  const run = new HonestRun(drawHonest(seed, without), haste)
  try {
    return await run.play()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new Error(`seed ${seed}: ${[...run.faults, text].slice(0, 6).join('; ')}`, { cause: error })
  }
}

interface Ends {
  opened?: HonestSide
  accepted?: HonestSide
}

class HonestRun {
  readonly faults: string[] = []
  readonly #plan: HonestPlan
  readonly #haste: number
  readonly #random: Random
  readonly #rig: Rig
  readonly #key: Uint8Array
  readonly #ends: Ends[]
  readonly #closed: Promise<unknown>[] = []
  #isOver = false
  #trace = 0x811c9dc5

  constructor(plan: HonestPlan, haste: number) {
    this.#plan = plan
    this.#haste = haste
    this.#random = new Random(plan.seed)
    this.#key = this.#random.bytes(32)
    this.#ends = plan.channels.map(() => ({}))
    this.#rig = new Rig({
      seed: this.#random.integer(0, 0xffffffff),
      network: plan.network,
      protocol: plain(this.#random.chance(0.5) ? { keys: ['join', 'say', 'ask'] } : {}),
      primitives: nodePrimitives,
    })
  }

  async play(): Promise<HonestReport> {
    const { channels, bounds, where, seed } = this.#plan
    const { loop } = this.#rig
    const accepting = this.#pipe('accepting')
    const opening = this.#pipe('opening')
    accepting.on('accepted', (_pipe, channel) => {
      channel.on('join', (index: number) => this.#enter(channel, index, 'accepted'))
    })
    await loop.until(accepting.bind())
    if (this.#plan.stallMs !== undefined) this.#stall(this.#plan.stallMs)
    const opens = channels.map(async (_plan, index) => {
      const channel = await opening.open(where)
      channel.send('join', index)
      this.#enter(channel, index, 'opened')
    })
    await this.#until(Promise.all(opens))
    while (this.#closed.length < 3 * channels.length && this.faults.length === 0) await loop.advance(50)
    await this.#until(Promise.all(this.#closed))
    this.#isOver = true
    await loop.advance(bounds.closeTimeoutMs + 1000)
    this.#check()
    await this.#rig.end()
    if (this.faults.length > 0) throw new Error(`${this.faults.length} promises were broken`)
    const sides = this.#ends.flatMap(({ opened, accepted }) => [opened, accepted])
    return {
      seed,
      channels: channels.length,
      messages: sides.reduce((sum, side) => sum + (side?.heardCount ?? 0), 0),
      virtualMs: loop.now(),
      met: this.#met(),
      trace: this.#trace >>> 0,
    }
  }

  /** Waits, and tells what is not finished when that takes too long. */
  async #until(work: Promise<unknown>): Promise<void> {
    try {
      await this.#rig.loop.until(work, this.#plan.bounds.totalMs)
    } catch (error) {
      for (const { opened, accepted } of this.#ends)
        this.faults.push(...[opened, accepted].map((side) => side?.unfinished ?? 'one side never came'))
      throw error
    }
  }

  #pipe(role: 'accepting' | 'opening'): Pipe<AnyMessages> {
    const { bounds, marks, drives, encryption } = this.#plan
    const near = (ms: number): number => Math.ceil(ms / this.#haste)
    const isSealed = encryption === 'pipe' || encryption === 'both'
    const options: PipeOptions = {
      handshakeTimeoutMs: bounds.handshakeTimeoutMs,
      closeTimeoutMs: bounds.closeTimeoutMs,
      frameTimeoutMs: near(bounds.frameTimeoutMs),
      stallTimeoutMs: near(bounds.stallTimeoutMs),
      requestTimeoutMs: bounds.requestTimeoutMs,
      ...marks[role],
      drive: drives[role],
      ...(isSealed ? { encryption: { key: this.#key } } : {}),
    }
    const pipe = this.#rig.pipe('server', options)
    if (options.drive === 'manual') this.#tick(pipe)
    pipe.on('error', (_pipe, { code, message }) => this.#broken(`'error' was told ${code}: ${message}`))
    return pipe
  }

  #tick(pipe: Pipe<AnyMessages>): void {
    if (this.#isOver) return
    pipe.process()
    this.#rig.loop.wakeAt(this.#rig.loop.now() + tickMs, () => this.#tick(pipe))
  }

  /** The program stands still, again and again: that is no peer's fault. */
  #stall(ms: number): void {
    const { loop } = this.#rig
    for (const atMs of stallsAtMs)
      loop.eventAt(atMs + this.#random.integer(0, atMs), () => this.#isOver || loop.block(ms))
  }

  #enter(channel: Channel<AnyMessages>, index: number, role: 'opened' | 'accepted'): void {
    const plan = this.#plan.channels[index]
    const ends = this.#ends[index]
    const side = new HonestSide(channel, plan[role], `${role} ${index}`, {
      loop: this.#rig.loop,
      graceMs: this.#plan.bounds.graceMs[index],
      key: this.#key,
      note: (...words) => this.#note(words),
      broken: (what) => this.#broken(what),
    })
    ends[role] = side
    side.bind()
    const by = plan.closer === role ? 'local' : 'remote'
    let told = 0
    channel.on('close', (reason) => {
      this.#note([role, index, reason.code])
      if (++told > 1) this.#broken(`${role} ${index} was told its end ${told} times`)
      if (!isAsPlanned(reason, by, `end of ${index}`))
        this.#broken(`${role} ${index} ended: ${describeReason(reason)}`)
    })
    this.#closed.push(channel.closed)
    const { opened, accepted } = ends
    if (opened !== undefined && accepted !== undefined)
      this.#closed.push(this.#closeInTime(index, opened, accepted))
  }

  async #closeInTime(index: number, opened: HonestSide, accepted: HonestSide): Promise<void> {
    const { closer, ending } = this.#plan.channels[index]
    const mine = closer === 'opened' ? opened : accepted
    const theirs = mine === opened ? accepted : opened
    // Who closes answers no more: a reader that asks must be through with it.
    const isAsking = theirs.program.asksAt.size > 0
    const read = isAsking ? [mine.hasRead, theirs.hasRead] : [mine.hasRead]
    if (ending === 'after all') await Promise.all([opened.done, accepted.done, ...read])
    else {
      await new Promise<void>((resolve) => this.#rig.loop.wakeAt(this.#rig.loop.now() + ending, resolve))
      await Promise.all([opened.sealed, accepted.sealed])
    }
    opened.isEnding = accepted.isEnding = true
    await mine.channel.close(`end of ${index}`)
  }

  #check(): void {
    const { encryption } = this.#plan
    for (const [index, { opened, accepted }] of this.#ends.entries()) {
      const { closer, ending } = this.#plan.channels[index]
      const [mine, theirs] = closer === 'opened' ? [opened, accepted] : [accepted, opened]
      if (opened?.binding !== accepted?.binding) this.#broken(`the sides of ${index} are of two handshakes`)
      if ((opened?.binding === undefined) !== (encryption === 'none'))
        this.#broken(`channel ${index} is not encrypted as it should be: ${encryption}`)
      const [said, heard] = [mine?.saidCount, theirs?.heardCount]
      if (said !== heard) this.#broken(`${closer} ${index} said ${said} messages, ${heard} arrived`)
      if (ending === 'after all' && theirs?.saidCount !== mine?.heardCount)
        this.#broken(`${closer} ${index} heard ${mine?.heardCount} messages of ${theirs?.saidCount}`)
    }
  }

  #met(): string[] {
    const { features, where, encryption, channels } = this.#plan
    const programs = channels.flatMap(({ opened, accepted }) => [opened, accepted])
    return [
      ...features,
      where,
      `encryption: ${encryption}`,
      ...(programs.some(({ takesMs }) => takesMs.some((ms) => ms > 1000)) ? ['long pauses'] : []),
      ...(programs.some(({ heartbeatMs }) => heartbeatMs !== undefined) ? ['heartbeats'] : []),
    ]
  }

  #broken(what: string): void {
    this.faults.push(`at ${this.#rig.loop.now()} ms ${what}`)
  }

  #note(words: readonly unknown[]): void {
    const text = `${this.#rig.loop.now()} ${words.join(' ')}`
    for (let index = 0; index < text.length; index++)
      this.#trace = Math.imul(this.#trace ^ text.charCodeAt(index), 0x01000193)
  }
}
