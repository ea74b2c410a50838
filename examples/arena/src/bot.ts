/** One bot player: joins over a channel of its own, looks at snapshots, steers, talks now and then, and comes back when it was caught. */
import type { Channel, Pipe } from 'millrace'
import { Brain } from './brain.ts'
import type { Arena, Snapshot } from './contract.ts'

const thinkIntervalMs = 50
const respawnDelayMs = 1500
const rejoinDelayMs = 1000
const chatChance = 0.0005

export interface BotOwner {
  readonly random: () => number
  /** An input went to the server and came back in a snapshot. */
  roundTrip(ms: number): void
  /** The bot can't get (back) into the game. */
  failed(error: unknown): void
}

export class Bot {
  readonly #name: string
  readonly #pipe: Pipe<Arena>
  readonly #owner: BotOwner
  readonly #brain: Brain
  readonly #sentAt = new Float64Array(256)
  #channel: Channel<Arena, 'client'> | undefined
  #id = 0
  #input = 0
  #inputSeen = 0
  #snapshot: Snapshot | undefined
  #thinking: NodeJS.Timeout | undefined
  #isAway = false

  constructor(name: string, pipe: Pipe<Arena>, owner: BotOwner) {
    this.#name = name
    this.#pipe = pipe
    this.#owner = owner
    this.#brain = new Brain(owner.random)
  }

  async join(): Promise<void> {
    this.#isAway = false
    const channel = await this.#pipe.open()
    this.#channel = channel
    channel.setHeartbeat(2000, 6000)
    channel.on('close', () => this.#left())
    const { id } = await channel.request('join', { name: this.#name })
    this.#id = id
    this.#input = 0
    this.#inputSeen = 0
    channel.on('snapshot', (snapshot) => this.#look(snapshot))
    channel.on('caught', () => {
      setTimeout(() => void this.#respawn(channel), respawnDelayMs).unref()
    })
    // Everyone hears the chat; these players do not listen.
    channel.on('chat', () => {})
    // Bots think at moments of their own, as people would, not in step with the server.
    const phaseMs = this.#owner.random() * thinkIntervalMs
    this.#thinking = setTimeout(() => {
      this.#thinking = setInterval(() => this.#think(channel), thinkIntervalMs)
    }, phaseMs)
  }

  /** Leaves the game in order; the server is told. */
  async leave(): Promise<void> {
    this.#isAway = true
    await this.#channel?.close('enough for now')
  }

  #look(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    const self = snapshot.players.find(({ id }) => id === this.#id)
    if (self === undefined || self.input === this.#inputSeen) return
    this.#inputSeen = self.input
    this.#owner.roundTrip(performance.now() - this.#sentAt[self.input])
  }

  #think(channel: Channel<Arena, 'client'>): void {
    const snapshot = this.#snapshot
    const self = snapshot?.players.find(({ id }) => id === this.#id)
    if (snapshot === undefined || self === undefined || self.role === 'out') return
    const { x, y } = this.#brain.think(self, snapshot)
    this.#input = (this.#input + 1) % 256
    this.#sentAt[this.#input] = performance.now()
    channel.send('steer', { input: this.#input, x: Math.round(x * 127), y: Math.round(y * 127) })
    if (this.#owner.random() < chatChance) channel.send('say', { line: this.#remark() })
  }

  async #respawn(channel: Channel<Arena, 'client'>): Promise<void> {
    // The channel may end before the reply comes: `close` tells that, and there is nothing to do about it here.
    await channel.request('respawn', {}).catch(() => {})
  }

  #left(): void {
    clearInterval(this.#thinking)
    this.#channel = undefined
    this.#snapshot = undefined
    if (this.#isAway) return
    setTimeout(() => this.join().catch(this.#owner.failed), rejoinDelayMs).unref()
  }

  #remark(): string {
    return remarks[Math.floor(this.#owner.random() * remarks.length)]
  }
}

const remarks = ['who took my pellet?', 'behind you!', 'this way', 'one more round', 'nice move', 'help!']
