import { randomBytes } from 'node:crypto'
import type { Link, LinkRoom, Listener } from '@millrace/core'
import { nodeLoop } from '@millrace/transports/node-platform'
import { Tcp, type TcpAddress, tcp } from '@millrace/transports/tcp'
import type { Net } from '../net/presets.ts'
import { BridgeEnd } from './bridge.ts'
import { type BadTransport, netem } from './netem.ts'
import {
  type ClientCounts,
  checkServer,
  type NetemProxy,
  type ProxySettings,
  type ProxyStatistics,
  placeOf,
} from './proxy-options.ts'

type BadTcp = BadTransport<{ host: string; port: number }, [host: string, port: number]>

/** A proxy for tcp: for each connection of a client one to the server. The network is bad on the client's side. */
export class TcpProxy implements NetemProxy {
  readonly #settings: ProxySettings
  readonly #server: TcpAddress
  readonly #bad: BadTcp
  readonly #good = new Tcp()
  readonly #closing = new AbortController()
  /** The end at the client, and that at the server once there is one. */
  readonly #clients = new Map<BridgeEnd, BridgeEnd | undefined>()
  readonly #counts: ClientCounts = { clientsSeen: 0, refused: 0, unreachable: 0 }
  #listener: Listener | undefined
  #empty: (() => void) | undefined

  private constructor(settings: ProxySettings) {
    this.#settings = settings
    this.#bad = netem(tcp(), settings.net, { seed: settings.seed })
    this.#server = checkServer(this.#bad.parse('tcp', placeOf(settings.to)) as TcpAddress)
  }

  static async open(settings: ProxySettings): Promise<TcpProxy> {
    const proxy = new TcpProxy(settings)
    const address = proxy.#bad.parse('tcp', placeOf(settings.listen))
    const services = { loop: nodeLoop, random: (size: number) => randomBytes(size) }
    const transport = proxy.#bad.create(services) as Tcp
    proxy.#listener = await transport.listen(address, {
      accepted: (link, room) => proxy.#accepted(link, room),
      failed: (error) => settings.onFailure(error),
    })
    return proxy
  }

  get address(): string {
    return this.#listener?.address.text ?? ''
  }

  statistics(): ProxyStatistics {
    const { outgoing, incoming } = this.#bad.statistics()
    return { clients: this.#clients.size, ...this.#counts, toServer: incoming, toClients: outgoing }
  }

  setNet(net: Net): void {
    this.#bad.setNet(net)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#listener?.close()
    this.#bad.reset()
    for (const [client, server] of this.#clients) {
      client.destroy()
      server?.destroy()
    }
    if (this.#clients.size === 0) return
    await new Promise<void>((resolve) => {
      this.#empty = resolve
    })
  }

  #accepted(link: Link, room: LinkRoom | undefined): void {
    if (room?.isFull || this.#clients.size >= this.#settings.clientsMax) {
      this.#counts.refused++
      link.destroy()
      return room?.isFull ? room.refused() : undefined
    }
    this.#counts.clientsSeen++
    const client = new BridgeEnd(link)
    this.#clients.set(client, undefined)
    this.#good.connect(this.#server, this.#closing.signal).then(
      (upward) => {
        const server = new BridgeEnd(upward)
        this.#clients.set(client, server)
        BridgeEnd.join(client, server, () => this.#gone(client))
      },
      (error) => {
        this.#counts.unreachable++
        client.destroy()
        this.#gone(client)
        if (!this.#closing.signal.aborted) this.#settings.onFailure(error)
      },
    )
  }

  #gone(client: BridgeEnd): void {
    this.#clients.delete(client)
    if (this.#clients.size === 0) this.#empty?.()
  }
}
