import type { Channel, CloseReason, EncryptionOptions, MillraceError, Pipe } from '@millrace/core'
import { bits } from '@millrace/proto-bits'
import type { Timer } from '@millrace/timer'
import type { Random } from '../base/random.ts'
import type { Host } from '../world/host.ts'
import { checkAccounts, limits } from './accounts.ts'
import { ChannelEnd } from './channel-end.ts'
import { Judge, type Pair } from './judge.ts'
import { Lateness } from './lateness.ts'
import { Parties } from './parties.ts'
import type { Rules } from './rules.ts'
import { type SwarmMessages, swarmContract } from './swarm-messages.ts'
import type { SwarmProgram, WatchedSetting } from './swarm-program.ts'
import { Talk } from './talk.ts'

/** Where the server listens. */
export const serverPort = 7777

const talkEveryMs = 100
const reopenMs = 300

/** One program on one host: from its start to its crash, or the end. */
interface Running {
  readonly pipe: Pipe<SwarmMessages>
  readonly timer: Timer
  readonly ends: Set<ChannelEnd>
  readonly heldBytes: () => number
  /** With the keys of a stranger. */
  readonly strange: Pipe<SwarmMessages> | undefined
}

/** Channels with everything that a contract can say, and what Millrace promises of them. */
export class ChannelsProgram implements SwarmProgram {
  /** How often channels ended, by reason. */
  readonly reasons = new Map<string, number>()
  readonly #setting: WatchedSetting
  readonly #rules: Rules
  readonly #random: Random
  readonly #isStream: boolean
  readonly #talk: Talk
  readonly #parties: Parties
  readonly #lateness: Lateness
  readonly #judge: Judge
  readonly #running = new Map<Host, Running>()
  readonly #pairs = new Map<string, Pair>()
  /** The channel of each player now. */
  readonly #channels = new Map<Host, string>()
  readonly #ends = new Map<Channel<SwarmMessages>, { readonly end: ChannelEnd; readonly pair: Pair }>()
  #phase: 'talk' | 'healed' | 'over' = 'talk'
  #attempts = 0
  #checks = 0

  constructor(setting: WatchedSetting) {
    const { plan, random, rules, server, watch } = setting
    this.#setting = setting
    this.#rules = rules
    this.#random = random
    this.#isStream = plan.transport === 'tcp'
    this.#talk = new Talk(setting)
    this.#lateness = new Lateness(plan)
    this.#judge = new Judge(plan, this.#lateness)
    this.#parties = new Parties(plan, random, {
      later: (ms, run) => {
        if (this.#phase !== 'over')
          this.#running.get(server)?.timer.once(`leave ${++this.#attempts}`, run, ms)
      },
      waits: (address, what) =>
        void (what === 'begins' ? watch.waiting.add(address) : watch.waiting.delete(address)),
    })
  }

  start(): void {
    const { server, players } = this.#setting
    for (const host of [server, ...players]) this.#start(host)
  }

  restarted(host: Host): void {
    for (const end of this.#running.get(host)?.ends ?? []) end.isLost = true
    if (host === this.#setting.server) this.#setting.watch.waiting.clear()
    this.#start(host)
  }

  check(): void {
    if (++this.#checks % 64 !== 0) return
    for (const [host, { ends, heldBytes }] of this.#running)
      if (!host.isDown) checkAccounts(this.#rules, host.name, ends, heldBytes(), this.#phase === 'talk')
  }

  look(): void {
    if (this.#isStream || this.#phase === 'over') return
    const { now } = this.#setting.world
    for (const [player, host] of this.#setting.players.entries()) {
      const { opened, accepted } = this.#pairOf(host)
      if (opened?.isLive !== true || accepted?.isLive !== true) continue
      const { sinceMs, withinMs } = this.#lateness.at(player, now)
      if (now < Math.max(sinceMs, opened.sinceMs, accepted.sinceMs) + withinMs) continue
      const late = [
        ...opened.overdueAt(accepted, now - withinMs),
        ...accepted.overdueAt(opened, now - withinMs),
      ]
      this.#rules.hold(
        'in time',
        late.length === 0,
        () =>
          `the way of ${host.name} is good since ${sinceMs} ms, and nothing takes more than ${withinMs} ms: ${late}`,
      )
    }
  }

  healed(): void {
    this.#phase = 'healed'
    for (const { ends } of this.#running.values())
      for (const end of ends) {
        end.forgetAnswers()
        if (end.isLive) end.sendAll()
      }
  }

  unwell(): string[] {
    return this.#setting.players.flatMap((player) => {
      const { opened, accepted } = this.#pairOf(player)
      if (opened === undefined || accepted === undefined || !opened.isLive || !accepted.isLive)
        return [`${player.name} has no channel`]
      const sides = [opened, accepted]
      const missing = [...opened.missingAt(accepted), ...accepted.missingAt(opened)]
      if (sides.some(({ asking }) => asking > 0)) missing.push('requests wait')
      for (const side of sides) if (side.askAgain() > 0) missing.push('a request was not answered')
      return missing.map((what) => `${player.name}: ${what}`)
    })
  }

  async end(): Promise<void> {
    this.#phase = 'over'
    const { players, server } = this.#setting
    const closing: Promise<unknown>[] = []
    for (const player of players) {
      const { opened, accepted } = this.#pairOf(player)
      const end = this.#random.pick([opened, accepted])
      // What is sent right before the end arrives, too.
      for (let count = 0; count < 10; count++) end?.sendAll()
      if (end !== undefined) closing.push(this.#close(end))
    }
    for (const { timer } of this.#running.values()) timer.close()
    await Promise.all(closing)
    // The pipe closes what is left, such as channels of players that crashed.
    for (const { ends } of this.#running.values())
      for (const end of ends) if (end.reason === undefined) end.isEnding = true
    const all = [server, ...players].map((host) => this.#running.get(host))
    await Promise.all(all.flatMap((running) => [running?.pipe.close(), running?.strange?.close()]))
  }

  conclude(): void {
    for (const { opened, accepted } of this.#pairs.values()) {
      if (opened === undefined || accepted === undefined) continue
      opened.closedBehind(accepted)
      accepted.closedBehind(opened)
    }
    for (const { end } of this.#ends.values()) {
      if (end.isLost) continue
      const { closeCount, pipeCloseCount, asking, channel } = end
      this.#rules.hold(
        'one close',
        closeCount === 1 && pipeCloseCount === 1,
        () =>
          `an end was told ${closeCount} times, to its pipe ${pipeCloseCount} times: ${channel.describe()}`,
      )
      this.#rules.hold(
        'a request ends',
        asking === 0,
        () => `${asking} requests have not ended: ${channel.describe()}`,
      )
    }
    for (const [{ name, isDown }, { heldBytes }] of this.#running) {
      if (isDown) continue
      const held = heldBytes()
      this.#rules.hold(
        'accounts are empty in the end',
        held === 0,
        () => `${name} holds ${held} bytes of no channel`,
      )
    }
  }

  #pairOf(player: Host): Partial<Pair> {
    return this.#pairs.get(this.#channels.get(player) ?? '') ?? {}
  }

  #start(host: Host): void {
    const { plan, server } = this.#setting
    const factory = host.factory(limits).add('swarm', bits(swarmContract))
    const { accepting, opening, strange } = this.#parties
    const make = (encryption: EncryptionOptions | undefined) => {
      const pipe = factory.create(plan.transport, 'server', serverPort, 'swarm', { encryption })
      pipe.on('error', (_pipe, error) => this.#failed(error))
      return pipe
    }
    const running: Running = {
      pipe: make(host === server ? accepting : opening),
      strange: host === server || strange === undefined ? undefined : make(strange),
      timer: host.timer(),
      ends: new Set(),
      heldBytes: () => factory.heldBytes,
    }
    this.#running.set(host, running)
    const { pipe } = running
    pipe.on('close', (_pipe, channel, reason) => this.#closed(host, running, channel, reason))
    running.timer.set('talk', () => this.#talks(host, running), talkEveryMs, talkEveryMs)
    if (host === server) {
      pipe.on('accepted', (_pipe, channel) => {
        this.#entered(running, channel, new TextDecoder().decode(channel.openData), 'accepted')
      })
      this.#bind(running)
    } else this.#open(host, running)
  }

  #talks(host: Host, { ends, timer, strange }: Running): void {
    if (this.#phase !== 'talk') return
    for (const end of ends) {
      const player = this.#ends.get(end.channel)?.pair.player ?? 0
      this.#talk.says(end, player, host, timer, () => void this.#close(end))
    }
    if (strange !== undefined && this.#random.chance(0.01)) this.#intrude(strange)
  }

  /** A stranger asks for a channel. */
  #intrude(pipe: Pipe<SwarmMessages>): void {
    const tell = (isLetIn: boolean) =>
      this.#rules.hold('no channel without leave', !isLetIn, () => 'a stranger has a channel')
    pipe.open('remote', { data: new TextEncoder().encode('stranger') }).then(
      () => tell(true),
      () => tell(false),
    )
  }

  #bind(running: Running): void {
    running.pipe.bind().catch(() => this.#later(running, 'bind', () => this.#bind(running)))
  }

  #open(host: Host, running: Running): void {
    const token = `${host.name} ${++this.#attempts}`
    running.pipe.open('remote', { data: new TextEncoder().encode(token) }).then(
      (channel) => {
        this.#channels.set(host, token)
        this.#entered(running, channel, token, 'opened')
      },
      (error: MillraceError) => {
        this.#failed(error)
        this.#later(running, 'open', () => this.#open(host, running))
      },
    )
  }

  #later(running: Running, what: string, run: () => void): void {
    if (this.#phase !== 'over') running.timer.once(what, run, reopenMs)
  }

  #entered(
    running: Running,
    channel: Channel<SwarmMessages>,
    token: string,
    role: 'opened' | 'accepted',
  ): void {
    const { players, world } = this.#setting
    const player = players.findIndex(({ name }) => token.startsWith(`${name} `))
    this.#rules.hold('no channel without leave', player >= 0, () => `'${token}' was accepted`)
    if (player < 0) return
    const pair = this.#pairs.get(token) ?? { player }
    const end = new ChannelEnd(channel, {
      random: this.#random,
      rules: this.#rules,
      isStream: this.#isStream,
      mayFail: (code, askedAt) => this.#judge.mayRequestFail(pair, code, askedAt, world.now),
      now: () => world.now,
    })
    running.ends.add(end)
    this.#rules.hold(
      'a channel opens once',
      pair[role] === undefined,
      () => `channel ${token} was ${role} twice`,
    )
    pair[role] = end
    this.#pairs.set(token, pair)
    this.#ends.set(channel, { end, pair })
    if (this.#phase === 'healed') end.sendAll()
  }

  #closed(host: Host, running: Running, channel: Channel<SwarmMessages>, reason: CloseReason): void {
    this.reasons.set(reason.code, (this.reasons.get(reason.code) ?? 0) + 1)
    const known = this.#ends.get(channel)
    // Channels may end in the turn in which they open.
    if (known === undefined) return
    const { end, pair } = known
    end.pipeCloseCount++
    running.ends.delete(end)
    this.#rules.hold(
      'no honest peer is cut',
      this.#judge.mayEnd(end, pair, reason),
      () => `${channel.describe()} has ended: ${JSON.stringify(reason)}`,
    )
    if (host !== this.#setting.server) this.#later(running, 'open', () => this.#open(host, running))
  }

  #close(end: ChannelEnd): Promise<CloseReason> {
    end.isEnding = true
    return end.channel.close('over')
  }

  #failed(error: MillraceError): void {
    this.#rules.hold(
      'an error is one that networks cause',
      this.#judge.mayFail(error),
      () => `an error: ${error.code}, ${error.message}`,
    )
  }
}
