import { nodePrimitives } from '@millrace/cipher-node'
import type { Channel, CloseReason, EncryptionOptions, MillraceError, Pipe } from '@millrace/core'
import { bits } from '@millrace/proto-bits'
import type { Timer } from '@millrace/timer'
import type { Random } from '../base/random.ts'
import type { Host } from '../world/host.ts'
import { ChannelEnd } from './channel-end.ts'
import { messageKeys, requestKeys, type SwarmMessages, swarmContract } from './swarm-messages.ts'
import type { SwarmProgram, SwarmSetting } from './swarm-program.ts'

/** Where the server listens. */
export const serverPort = 7777

const talkEveryMs = 100
const reopenMs = 300
const heavyBytes = 3_000_000
const heavySize = 30_000

const limits = {
  highWaterBytes: 200_000,
  lowWaterBytes: 50_000,
  receiveHighWaterBytes: 200_000,
  messageSizeMax: 100_000,
  bytesMax: 16_000_000,
}

/** What may be said of attempts and of channels that a network ends. */
const harmless: ReadonlySet<string> = new Set([
  'connect-failed',
  'handshake-failed',
  'link-failed',
  'listen-failed',
  'channel-closed',
])

/** Why a network may end a channel. */
const causedByNetworks: ReadonlySet<CloseReason['code']> = new Set([
  'closed',
  'destroyed',
  'heartbeat-timeout',
  'slow-reader',
  'link-ended',
  'link-failed',
])

/** One program on one host: from its start to its crash, or the end. */
interface Running {
  readonly pipe: Pipe<SwarmMessages>
  readonly timer: Timer
  readonly ends: Set<ChannelEnd>
  readonly heldBytes: () => number
}

/** The two ends of a channel, by what its opener says of itself. */
interface Pair {
  opened?: ChannelEnd
  accepted?: ChannelEnd
}

/** Channels with everything that a contract can say, and what Millrace promises of them. */
export class ChannelsProgram implements SwarmProgram {
  /** How often channels ended, by reason. */
  readonly reasons = new Map<string, number>()
  readonly #setting: SwarmSetting
  readonly #random: Random
  readonly #isStream: boolean
  readonly #running = new Map<Host, Running>()
  readonly #pairs = new Map<string, Pair>()
  readonly #accepting: EncryptionOptions | undefined
  readonly #opening: EncryptionOptions | undefined
  /** The channel of each player now. */
  readonly #channels = new Map<Host, string>()
  readonly #ends: ChannelEnd[] = []
  #phase: 'talk' | 'healed' | 'over' = 'talk'
  #attempts = 0
  #checks = 0
  #heavyLeft: number

  constructor(setting: SwarmSetting) {
    const { plan, random } = setting
    this.#setting = setting
    this.#random = random
    this.#isStream = plan.transport === 'tcp'
    this.#heavyLeft = plan.load === 'heavy' ? heavyBytes : 0
    const key = random.bytes(32)
    const identity = nodePrimitives.dh.pair(random.bytes(32))
    const server = nodePrimitives.dh.pair(random.bytes(32))
    if (plan.encryption === 'key') this.#accepting = this.#opening = { key }
    if (plan.encryption === 'XX') {
      this.#accepting = { pattern: 'XX', identity: server, authorise: () => true }
      this.#opening = { pattern: 'XX', identity, peerKey: server.publicKey }
    }
  }

  start(): void {
    const { server, players } = this.#setting
    for (const host of [server, ...players]) this.#start(host)
  }

  restarted(host: Host): void {
    for (const end of this.#running.get(host)?.ends ?? []) end.isLost = true
    this.#start(host)
  }

  check(): void {
    if (++this.#checks % 64 !== 0) return
    for (const [host, { ends, heldBytes }] of this.#running) {
      if (host.isDown) continue
      if (heldBytes() > limits.bytesMax) this.#fault(`${host.name} holds ${heldBytes()} bytes`)
      for (const { channel } of ends) {
        const { queuedBytes, storedBytes } = channel.statistics()
        if (queuedBytes > limits.highWaterBytes + 2 * limits.messageSizeMax)
          this.#fault(`${queuedBytes} bytes are queued in ${channel.describe()}`)
        if (storedBytes > storedBytesMax)
          this.#fault(`${storedBytes} bytes are stored in ${channel.describe()}`)
      }
    }
  }

  healed(): void {
    this.#phase = 'healed'
    for (const { ends } of this.#running.values()) for (const end of ends) if (end.isLive) end.sendAll()
  }

  unwell(): string[] {
    return this.#setting.players.flatMap((player) => {
      const { opened, accepted } = this.#pairs.get(this.#channels.get(player) ?? '') ?? {}
      if (opened === undefined || accepted === undefined || !opened.isLive || !accepted.isLive)
        return [`${player.name} has no channel`]
      const sides = [opened, accepted]
      const missing = [...opened.missingAt(accepted), ...accepted.missingAt(opened)]
      if (sides.some(({ asking }) => asking > 0)) missing.push('requests wait')
      if (sides.some(({ answered }) => answered < requestKeys.length)) missing.push('no request was answered')
      return missing.map((what) => `${player.name}: ${what}`)
    })
  }

  async end(): Promise<void> {
    this.#phase = 'over'
    const { players, server } = this.#setting
    const closing: Promise<unknown>[] = []
    for (const player of players) {
      const { opened, accepted } = this.#pairs.get(this.#channels.get(player) ?? '') ?? {}
      const end = this.#random.pick([opened, accepted])
      // What is sent right before the end arrives, too.
      for (let count = 0; count < 10; count++) end?.sendAll()
      if (end !== undefined) closing.push(this.#close(end))
    }
    for (const { timer } of this.#running.values()) timer.close()
    await Promise.all(closing)
    await Promise.all([server, ...players].map((host) => this.#running.get(host)?.pipe.close()))
  }

  conclude(): void {
    for (const [token, { opened, accepted }] of this.#pairs) {
      if (opened !== undefined && accepted !== undefined) {
        this.#concludeOrder(token, opened, accepted)
        this.#concludeOrder(token, accepted, opened)
      }
    }
    for (const end of this.#ends) {
      if (end.isLost) continue
      if (end.closeCount !== 1)
        this.#fault(`an end was told ${end.closeCount} times: ${end.channel.describe()}`)
      if (end.asking > 0) this.#fault(`${end.asking} requests have not ended: ${end.channel.describe()}`)
    }
  }

  /** Where the end came in order, all that was said before it had arrived. */
  #concludeOrder(token: string, sender: ChannelEnd, receiver: ChannelEnd): void {
    const { reason } = receiver
    if (sender.isLost || receiver.isLost || reason?.code !== 'closed' || reason.by !== 'remote') return
    if (receiver.isEnding) return
    const missing = sender.missingAt(receiver)
    if (missing.length > 0) this.#fault(`channel ${token} was closed in order, but ${missing.join(', ')}`)
  }

  #start(host: Host): void {
    const { plan, server } = this.#setting
    const factory = host.factory(limits).add('swarm', bits(swarmContract))
    const encryption = host === server ? this.#accepting : this.#opening
    const pipe = factory.create(plan.transport, 'server', serverPort, 'swarm', { encryption })
    const running: Running = {
      pipe,
      timer: host.timer(),
      ends: new Set(),
      heldBytes: () => factory.heldBytes,
    }
    this.#running.set(host, running)
    pipe.on('error', (_pipe, error) => this.#failed(error))
    pipe.on('close', (_pipe, channel, reason) => this.#closed(host, running, channel, reason))
    running.timer.set('talk', () => this.#talk(running), talkEveryMs, talkEveryMs)
    if (host === server) {
      pipe.on('accepted', (_pipe, channel) => {
        this.#entered(running, channel, new TextDecoder().decode(channel.openData), 'accepted')
      })
      this.#bind(running)
    } else this.#open(host, running)
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

  #entered(running: Running, channel: Channel<SwarmMessages>, token: string, role: keyof Pair): void {
    const end = new ChannelEnd(channel, {
      random: this.#random,
      isStream: this.#isStream,
      fault: (text) => this.#fault(text),
    })
    running.ends.add(end)
    this.#ends.push(end)
    const pair = this.#pairs.get(token) ?? {}
    if (pair[role] !== undefined) this.#fault(`channel ${token} was ${role} twice`)
    pair[role] = end
    this.#pairs.set(token, pair)
    if (this.#phase === 'healed') end.sendAll()
  }

  #closed(host: Host, running: Running, channel: Channel<SwarmMessages>, reason: CloseReason): void {
    const end = [...running.ends].find((other) => other.channel === channel)
    this.reasons.set(reason.code, (this.reasons.get(reason.code) ?? 0) + 1)
    if (end === undefined) {
      // Channels may end in the turn in which they open.
      return
    }
    running.ends.delete(end)
    if (!this.#mayEnd(end, reason)) this.#fault(`${channel.describe()} has ended: ${JSON.stringify(reason)}`)
    if (host !== this.#setting.server) this.#later(running, 'open', () => this.#open(host, running))
  }

  /** In mild weather only channels end that one side ended, or that their opener has given up before they were open to it. */
  #mayEnd(end: ChannelEnd, reason: CloseReason): boolean {
    const isSlow = 'what' in reason && reason.what.includes('took longer than')
    if (!causedByNetworks.has(reason.code) && !(isSlow && this.#isStream)) return false
    if (this.#setting.plan.weather === 'wild') return true
    return [...this.#pairs.values()].some(
      ({ opened, accepted }) =>
        (opened === end || accepted === end) &&
        (opened === undefined || opened.isEnding || accepted?.isEnding === true),
    )
  }

  #talk({ ends }: Running): void {
    if (this.#phase !== 'talk') return
    const random = this.#random
    for (const end of ends) {
      if (!end.isLive) continue
      for (let count = random.integer(0, 3); count > 0; count--) end.send(random.pick(messageKeys))
      if (random.chance(0.3)) end.ask(random.pick(requestKeys))
      if (random.chance(0.2)) end.sendLatest()
      for (let count = 0; this.#heavyLeft > 0 && count < 3; count++) {
        this.#heavyLeft -= heavySize
        end.send('far', heavySize)
      }
      if (random.chance(0.003)) void this.#close(end)
      else if (random.chance(0.002)) {
        end.isEnding = true
        end.channel.destroy()
      }
    }
  }

  #close(end: ChannelEnd): Promise<CloseReason> {
    end.isEnding = true
    return end.channel.close('over')
  }

  #failed({ code, message }: MillraceError): void {
    const isChanged = code === 'encryption-failed' && this.#isCorrupting()
    if (!harmless.has(code) && !isChanged) this.#fault(`an error: ${code}, ${message}`)
  }

  #isCorrupting(): boolean {
    return this.#setting.plan.hazards.some(
      (hazard) => hazard.kind === 'conditions' && (hazard.conditions.corruption ?? 0) > 0,
    )
  }

  #fault(text: string): void {
    this.#setting.fault(text)
  }
}

/** What may be stored of a peer: as much as a paused link still takes in, and what a transport holds of messages that are not whole. */
const storedBytesMax = 4_000_000
