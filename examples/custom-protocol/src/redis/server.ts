import type { Channel, Pipe } from 'millrace'
import type { RespMessages } from '../resp/resp.ts'
import { runCommand } from './command-runner.ts'
import type { Client, Keeper } from './command-table.ts'
import { Database } from './database.ts'

/** Limits that suit a store of values: the pipe's defaults suit small messages. */
export const storeLimits = {
  /** The largest command, and so the largest value. */
  messageSizeMax: 16 << 20,
  receiveHighWaterBytes: 16 << 20,
  highWaterBytes: 16 << 20,
} as const

const databaseCount = 16
const noClients: ReadonlySet<Client> = new Set()

/** A small Redis in memory. It serves the channels that a pipe accepts. */
export class Server implements Keeper {
  readonly databases: readonly Database[]
  readonly #clients = new Set<Client>()
  readonly #subscribers = new Map<string, Set<Client>>()
  #lastId = 0

  /** `now`: milliseconds, for keys that expire. */
  constructor(now: () => number = () => performance.now()) {
    this.databases = Array.from({ length: databaseCount }, () => new Database(now))
  }

  get clientCount(): number {
    return this.#clients.size
  }

  /** Serves all channels that this pipe accepts from now on. */
  serve(pipe: Pipe<RespMessages>): this {
    pipe.on('accepted', (_, channel) => this.#welcome(channel))
    return this
  }

  subscribers(name: string): ReadonlySet<Client> {
    return this.#subscribers.get(name) ?? noClients
  }

  subscribe(client: Client, name: string): void {
    client.subscriptions.add(name)
    const subscribers = this.#subscribers.get(name)
    if (subscribers === undefined) this.#subscribers.set(name, new Set([client]))
    else subscribers.add(client)
  }

  unsubscribe(client: Client, name: string): void {
    client.subscriptions.delete(name)
    const subscribers = this.#subscribers.get(name)
    subscribers?.delete(client)
    if (subscribers?.size === 0) this.#subscribers.delete(name)
  }

  #welcome(channel: Channel<RespMessages>): void {
    const client: Client = {
      id: ++this.#lastId,
      name: '',
      selected: 0,
      queued: undefined,
      isSpoiled: false,
      subscriptions: new Set(),
      push: (items) => channel.send('push', items),
    }
    this.#clients.add(client)
    // A subscriber that reads too slowly is cut: a message must not be lost unseen.
    channel.setOverflow('close')
    channel.on('command', (command) => runCommand(command, client, this))
    channel.on('close', () => {
      for (const name of [...client.subscriptions]) this.unsubscribe(client, name)
      this.#clients.delete(client)
    })
  }
}
