import type { AnyMessages, Channel, MillraceError } from '@millrace/core'
import type { Random } from '@millrace/sim'
import type { SwarmAsksHost } from './swarm-asks.ts'
import { type Side, textOf } from './swarm-side.ts'

/** What the life of channels needs of its run. */
export interface SwarmLifeHost extends Omit<SwarmAsksHost, 'end'> {
  /** What was wrong. */
  readonly faults: string[]
  /** When channels ended, in milliseconds of the loop. */
  readonly endedAt: ReadonlyMap<Channel<AnyMessages>, number>
}

/** What the two ends of the channels of a swarm do: send, ask, read, wait and end, all drawn. */
export class SwarmLife {
  messages = 0
  requests = 0
  /** Requests that ended, one way or the other. */
  settled = 0
  readonly #keys: readonly string[]
  readonly #host: SwarmLifeHost

  constructor(keys: readonly string[], host: SwarmLifeHost) {
    this.#keys = keys
    this.#host = host
  }

  async live(side: Side, random: Random): Promise<void> {
    const { channel } = side
    for (let steps = random.integer(5, 60); steps > 0 && channel.reason === undefined; steps--) {
      const kind = random.next()
      if (kind < 0.7) this.#send(side, random)
      else if (kind < 0.8) await this.#sendPatiently(side, random)
      else if (kind < 0.9) this.#ask(channel, random)
      else await this.#host.sleep(random.integer(0, 150))
      if (random.chance(0.01)) await this.end(side, random)
    }
    if (random.chance(0.7)) await this.end(side, random)
  }

  #send(side: Side, random: Random): void {
    const result = side.channel.send(random.pick(this.#keys), { n: side.next, text: textOf(side.next) })
    this.#host.note('send', result, side.next)
    side.next++
    if (result === 'queued') {
      side.queued++
      this.messages++
    } else side.isLossy = true
  }

  async #sendPatiently(side: Side, random: Random): Promise<void> {
    const n = side.next++
    // A side that is full for good, because its peer is frozen, is cut off by its own deadlines.
    const result = await side.channel.sendWhenReady(random.pick(this.#keys), { n, text: textOf(n) })
    this.#host.note('sent', result, n)
    if (result === 'queued') side.queued++
    else side.isLossy = true
  }

  #ask(channel: Channel<AnyMessages>, random: Random): void {
    const { loop } = this.#host
    const n = this.requests++
    const controller = new AbortController()
    const options = random.chance(0.3) ? { timeoutMs: random.integer(1, 500) } : { signal: controller.signal }
    if (random.chance(0.2)) loop.wakeAt(loop.now() + random.integer(0, 200), () => controller.abort())
    const asked = channel.request('ask', n, options).then(
      (answer) => {
        if (answer !== n + 1) this.#host.faults.push(`request ${n} was answered ${answer}`)
        this.#host.note('answer', n)
      },
      (error: MillraceError) => {
        this.#host.note('no answer', n, error.name)
        const endedAt = this.#host.endedAt.get(channel) ?? Number.POSITIVE_INFINITY
        if (error.code !== 'request-timeout' || endedAt >= loop.now()) return
        this.#host.faults.push(`request ${n} outlived its channel by ${loop.now() - endedAt} ms`)
      },
    )
    const settled = asked.then(() => {
      this.settled++
    })
    this.#host.begin(() => `asking on ${channel.describe()}`, settled)
  }

  async read(channel: Channel<AnyMessages>, random: Random): Promise<void> {
    let left = random.integer(0, 50)
    for await (const { key } of channel) {
      this.#host.note('read', key)
      if (random.chance(0.1)) await this.#host.sleep(random.integer(0, 400))
      if (left-- === 0) break
    }
  }

  async end(side: Side, random: Random): Promise<void> {
    side.isEnding = true
    if (random.chance(0.3)) side.channel.destroy()
    else await side.channel.close(`after ${side.queued}`)
  }
}
