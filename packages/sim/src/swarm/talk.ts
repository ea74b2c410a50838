import type { Timer } from '@millrace/timer'
import type { Host } from '../world/host.ts'
import type { ChannelEnd } from './channel-end.ts'
import type { Hazard } from './hazard.ts'
import { messageKeys, requestKeys } from './swarm-messages.ts'
import type { WatchedSetting } from './swarm-program.ts'

const heavyBytes = 3_000_000
const heavySize = 30_000
const burstSize = 15_000

/** So long before a way becomes narrow, or carries nothing, programs begin to say much; so long after a cut began, they fall silent. In milliseconds. */
const burstBeforeMs = 100
const tailMs = 150

/** What stands around the body of a message on its way, at most, and the largest that a budget is spent on, in bytes. */
const bodyOverhead = 24
const budgetSizeMax = 20_000

/** What programs say to each other in the safety phase, by the plan and by chance. */
export class Talk {
  readonly #setting: WatchedSetting
  #heavyLeft: number
  /** Those that have begun, by hazard and host. */
  readonly #bursting = new Set<string>()

  constructor(setting: WatchedSetting) {
    this.#setting = setting
    this.#heavyLeft = setting.plan.load === 'heavy' ? heavyBytes : 0
  }

  /** One end of a player's channel has its turn to say something. `close` closes it. */
  says(end: ChannelEnd, player: number, host: Host, timer: Timer, close: () => void): void {
    const { random } = this.#setting
    if (!end.isLive || this.#isSilent()) return
    for (let count = random.integer(0, 3); count > 0; count--) end.send(random.pick(messageKeys))
    if (random.chance(0.3)) end.ask(random.pick(requestKeys))
    if (random.chance(0.2)) end.sendLatest()
    for (let count = 0; this.#heavyLeft > 0 && count < 3; count++) {
      this.#heavyLeft -= heavySize
      end.send('far', heavySize)
    }
    this.#bursts(end, player, host)
    if (random.chance(0.1)) this.#spend(end, host, timer)
    if (random.chance(0.003)) close()
    else if (random.chance(0.002)) {
      end.isEnding = true
      end.channel.destroy()
    }
  }

  /** Much is in flight when a way becomes narrow, or carries nothing. */
  #bursts(end: ChannelEnd, player: number, { name }: Host): void {
    const { plan, world } = this.#setting
    for (const [index, hazard] of plan.hazards.entries()) {
      if (!('bytes' in hazard) || hazard.player !== player) continue
      const { atMs, forMs, bytes } = hazard
      if (world.now < atMs - burstBeforeMs || world.now >= atMs + forMs) continue
      const mark = `${index} ${name}`
      if (this.#bursting.has(mark)) continue
      this.#bursting.add(mark)
      void this.#burst(end, bytes, atMs + forMs)
    }
  }

  /** Says so much as fast as the channel takes it. */
  async #burst(end: ChannelEnd, bytes: number, untilMs: number): Promise<void> {
    for (let left = bytes; left > 0; left -= burstSize) {
      while (!end.send('far', burstSize)) {
        if ((await end.channel.drained()) === 'closed') return
        if (!end.isLive || this.#setting.world.now >= untilMs) return
      }
    }
  }

  /** Spends what the channel says that leaves at once, and sees that it does. */
  #spend(end: ChannelEnd, host: Host, timer: Timer): void {
    const { plan, watch, rules } = this.#setting
    const { budgetBytes } = end.channel
    const size = Math.min(budgetBytes - bodyOverhead, budgetSizeMax)
    const { address } = host
    if (plan.transport === 'tcp' || size < 10 || plan.hazards.some(({ kind }) => kind === 'failing-sends'))
      return
    const before = watch.sentBy(address)
    if (!end.send('first', size)) return
    timer.once(
      `budget ${end.channel.describe()}`,
      () => {
        if (host.address !== address) return
        const left = watch.sentBy(address) - before
        rules.hold(
          'a budget leaves at once',
          left >= size || !end.isLive,
          () =>
            `${budgetBytes} bytes were to leave at once, of a message of ${size} ${left} did: ${end.channel.describe()}`,
        )
      },
      1,
    )
  }

  #isSilent(): boolean {
    const { plan, world } = this.#setting
    const isTail = (hazard: Hazard) =>
      hazard.kind === 'tail' && world.now >= hazard.atMs + tailMs && world.now < hazard.atMs + hazard.forMs
    return plan.hazards.some(isTail)
  }
}
